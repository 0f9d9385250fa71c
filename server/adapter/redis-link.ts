import { toHubError } from './command-errors.js';
import { DurabilityNotice } from './durability-notice.js';
import type { LinkLog } from './link-log.js';
import type { ChannelListener } from './redis-channel.js';
import { createRedisChannels } from './redis-channels.js';
import type { RedisClient } from './redis-client.js';
import { RedisLinkState } from './redis-link-state.js';
import { openRedisMasters } from './redis-masters.js';
import type { RedisNode } from './redis-node.js';
import { describeTopology, parseTopology, type RedisTarget } from './topology.js';

export interface RedisLinkOptions {
  /** One of the forms of `parseTopology`. */
  readonly url: string;
  /** A command without an answer for this long is refused, and its connection made anew. */
  readonly commandTimeoutMs?: number;
  /** How often the link looks whether its subscriptions still hear; at most 5,000. */
  readonly probeIntervalMs?: number;
  readonly log: LinkLog;
  readonly random?: () => number;
}

export interface LinkCounters {
  /** Publications through `publish` that failed. */
  publishFailures: number;
  /** Connections made anew, the first ones not counted. */
  reconnects: number;
  /** Subscribers found silent, and made anew for it. */
  silences: number;
}

/**
 * This process's link to Redis: to each master one connection for commands, one for subscriptions. It is never given up: without Redis at
 * start too it goes on trying, at least once a second. Nothing is queued while it is down. On a Cluster it stands while a
 * master does; what the others have is refused.
 */
export interface RedisLink {
  /**
   * Runs one command, or several at once; on a Cluster each goes to the master of its keys, also while its slot moves.
   * @throws HubError within 2 s: `unavailable` and `storage_full` when nothing was stored, `timeout` when it may have been
   */
  run<Result>(work: (client: RedisClient) => Promise<Result>): Promise<Result>;
  /** Both connections stand. */
  ready(): boolean;
  /** Resolves when both connections stand, at once if they do. */
  whenUp(): Promise<void>;
  /** Resolves when the first attempt to connect has come to its end, whichever; on a Cluster whose servers are all away, never. */
  readonly tried: Promise<void>;
  /** Also when one master of several is back. */
  onUp(listener: () => void): () => void;
  onDown(listener: (reason: string) => void): () => void;
  /** Runs on each new command connection before any command does, and now if there is one: to load scripts. */
  onConnect(prepare: (client: RedisClient) => Promise<unknown>): () => void;
  /**
   * Hears a sharded channel; resolves once Redis confirmed it. After a reconnection each listener is told `doubt`.
   * @throws HubError `unavailable` when Redis does not confirm in time; the listener then hears nothing
   */
  subscribe(channel: string, listener: ChannelListener): Promise<() => void>;
  /** As `subscribe`, for a listener that can wait: it hears the channel whenever the link stands. */
  keepSubscribed(channel: string, listener: ChannelListener): () => void;
  /** SPUBLISH; gives the number of connections that got it. A failure is counted, logged and thrown. */
  publish(channel: string, payload: string | Buffer): Promise<number>;
  /** What a crash of Redis could lose, as its settings say. */
  readonly durability: string;
  /**
   * Where the master of a key is now: for a library with connections of its own.
   * @throws Error when nobody knows
   */
  locate(key: string): Promise<RedisTarget>;
  readonly counters: Readonly<LinkCounters>;
  close(): Promise<void>;
}

/** @throws Error when the URL is none of the forms */
export function openRedisLink(options: RedisLinkOptions): RedisLink {
  const { url, log, commandTimeoutMs = 1_500, probeIntervalMs = 2_000, random = Math.random } = options;
  const topology = parseTopology(url);
  if (!topology) throw new Error('the Redis URL is of no known form');
  const counters: LinkCounters = { publishFailures: 0, reconnects: 0, silences: 0 };
  const preparations = new Set<(client: RedisClient) => Promise<unknown>>();
  const state = new RedisLinkState(log);
  const durability = new DurabilityNotice(log);
  const channels = createRedisChannels({
    carrier: (channel) => masters?.carrier(channel),
    onMoved: (reply) => masters?.moved(reply) ?? Promise.resolve(),
    log,
  });

  let masters: ReturnType<typeof openRedisMasters> | undefined;
  masters = openRedisMasters(topology, {
    ...{ log, random, commandTimeoutMs, channels },
    probeIntervalMs: Math.min(probeIntervalMs, 5_000),
    async prepare(client, facts) {
      if (Number.parseInt(facts.version, 10) < 7) log.error({ redis: facts.version }, 'Redis 7.0 or newer is needed (sharded pub/sub)');
      await Promise.all([...preparations].map((prepare) => prepare(client)));
    },
    onUp: connected,
    onLost: disconnected,
    onSilent() {
      counters.silences++;
    },
  });

  function connected(): void {
    if (state.isClosed) return;
    durability.update(masters!.nodes());
    if (!state.isUp) log.info({ redis: describeTopology(topology!) }, 'Redis: connected');
    state.setUp();
  }

  function disconnected(_: RedisNode, reason: string): void {
    counters.reconnects++;
    if (state.isUp && !masters!.nodes().some((node) => node.ready())) state.setDown(reason);
  }

  const run: RedisLink['run'] = async (work) => {
    try {
      return await masters!.run(work);
    } catch (error) {
      throw toHubError(error);
    }
  };

  return {
    run,
    ready: () => state.isUp,
    whenUp: () => state.whenUp(),
    tried: masters.tried,
    onUp: (listener) => state.onUp(listener),
    onDown: (listener) => state.onDown(listener),
    onConnect(prepare) {
      preparations.add(prepare);
      for (const { command } of masters!.nodes()) {
        if (command.ready()) command.run(prepare).catch((error) => log.error({ err: error }, 'Redis: preparing the connection failed'));
      }
      return () => preparations.delete(prepare);
    },
    subscribe: channels.subscribe,
    keepSubscribed: channels.keepSubscribed,
    async publish(channel, payload) {
      try {
        return await run((client) => client.sPublish(channel, payload));
      } catch (error) {
        counters.publishFailures++;
        if (state.isUp) log.warn({ err: error, channel }, 'Redis: a publication failed');
        throw error;
      }
    },
    get durability() {
      return durability.text;
    },
    locate: (key) => masters!.locate(key),
    counters,
    async close() {
      state.close();
      await masters!.close();
    },
  };
}
