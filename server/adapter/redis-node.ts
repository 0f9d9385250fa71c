import { createLatch } from '../latch.js';
import { type RedisFacts, readRedisFacts } from './durability.js';
import type { LinkLog } from './link-log.js';
import type { RedisChannels } from './redis-channels.js';
import type { RedisClient } from './redis-client.js';
import { openRedisConnection, type RedisConnection } from './redis-connection.js';
import { watchSubscriber } from './subscriber-watch.js';
import type { RedisTarget } from './topology.js';

/** One master and this process's two connections to it, which are made anew until the node is closed. */
export interface RedisNode {
  /** `host:port`, or what the one master is called. */
  readonly name: string;
  readonly command: RedisConnection;
  readonly subscriber: RedisConnection;
  /** What it said of itself when it was last reached. */
  readonly facts: RedisFacts | undefined;
  /** Both connections stand. */
  ready(): boolean;
  /** Resolves when both connections were tried. */
  readonly tried: Promise<void>;
  /** Makes both connections anew, wherever they then lead. */
  rebuild(reason: string): void;
  close(): Promise<void>;
}

export interface RedisNodeOptions {
  readonly name: string;
  locate(): Promise<RedisTarget>;
  readonly commandTimeoutMs: number;
  readonly probeIntervalMs: number;
  readonly log: LinkLog;
  readonly random: () => number;
  readonly channels: RedisChannels;
  /** A channel that this node carries, unlike every other. */
  probeChannel(): string;
  /** Runs on each new command connection before any command does. */
  prepare(client: RedisClient, facts: RedisFacts): Promise<unknown>;
  /** Both connections stand. */
  onUp(node: RedisNode): void;
  onLost(node: RedisNode, reason: string): void;
  /** Its subscriber heard nothing although it stood. */
  onSilent(): void;
  /** Left out, its subscriber is made anew when Redis ends a subscription. */
  onMoved?(subscriber: RedisConnection, channel: string): void;
}

export function openRedisNode(options: RedisNodeOptions): RedisNode {
  const { name, channels } = options;
  const common = { locate: options.locate, commandTimeoutMs: options.commandTimeoutMs, log: options.log, random: options.random };
  const tried = { command: createLatch(), subscriber: createLatch() };
  let facts: RedisFacts | undefined;
  let up = false;

  const command = openRedisConnection({
    ...common,
    name: connectionName('command'),
    async prepare(client) {
      facts = await readRedisFacts(client);
      await options.prepare(client, facts);
    },
    ...told('command'),
  });
  const subscriber: RedisConnection = openRedisConnection({
    ...common,
    name: connectionName('subscriber'),
    prepare: (client, progress) => channels.resubscribe(subscriber, client, progress),
    ...told('subscriber'),
    ...(options.onMoved && { onMoved: (channel: string) => options.onMoved?.(subscriber, channel) }),
  });

  function connectionName(connection: string): string {
    return name === '' ? connection : `${connection} (${name})`;
  }

  function told(connection: keyof typeof tried) {
    return {
      onReady: () => connected(connection),
      onFailed: () => tried[connection].open(),
      onLost(reason: string) {
        up = false;
        options.onLost(node, reason);
      },
    };
  }

  function connected(connection: keyof typeof tried): void {
    tried[connection].open();
    if (up || !node.ready()) return;
    up = true;
    options.onUp(node);
    channels.doubt(subscriber);
  }

  const watch = watchSubscriber({
    intervalMs: options.probeIntervalMs,
    up: () => up,
    channel: options.probeChannel,
    hear: (channel, listener) => channels.keepSubscribed(channel, { message: (payload) => listener(payload.toString()) }),
    say: (channel, token) => command.run((client) => client.sPublish(channel, token)),
    complete: () => subscriber.run(channels.complete),
    onSilent(reason) {
      options.onSilent();
      subscriber.rebuild(reason);
    },
  });

  const node: RedisNode = {
    name,
    command,
    subscriber,
    get facts() {
      return facts;
    },
    ready: () => command.ready() && subscriber.ready(),
    tried: Promise.all([tried.command.opened, tried.subscriber.opened]).then(() => {}),
    rebuild(reason) {
      command.rebuild(reason);
      subscriber.rebuild(reason);
    },
    async close() {
      watch.stop();
      await Promise.all([command.close(), subscriber.close()]);
    },
  };
  return node;
}
