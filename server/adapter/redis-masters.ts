import { createLatch } from '../latch.js';
import { newProbeChannel } from './probe-channel.js';
import type { RedisClient } from './redis-client.js';
import { openRedisCluster } from './redis-cluster.js';
import type { RedisConnection } from './redis-connection.js';
import { openRedisNode, type RedisNode, type RedisNodeOptions } from './redis-node.js';
import { findMaster } from './redis-sentinels.js';
import { hostName, type RedisTarget, type RedisTopology, targetAt } from './topology.js';

/** The masters of a topology: one, or those of a Cluster. */
export interface RedisMasters {
  nodes(): RedisNode[];
  /** Resolves when the first attempt to connect has come to its end, whichever; on a Cluster whose servers are all away, never. */
  readonly tried: Promise<void>;
  /** The connection that has to carry a sharded channel. */
  carrier(channel: string): RedisConnection | undefined;
  /** A server said that it is another's. */
  moved(reply: unknown): Promise<void>;
  /** @throws HubError, or what the client throws */
  run<Result>(work: (client: RedisClient) => Promise<Result>): Promise<Result>;
  locate(key: string): Promise<RedisTarget>;
  close(): Promise<void>;
}

type Options = Omit<RedisNodeOptions, 'name' | 'locate' | 'probeChannel' | 'onMoved'>;

export function openRedisMasters(topology: RedisTopology, options: Options): RedisMasters {
  switch (topology.form) {
    case 'single':
      return openOne(options, async () => ({ url: topology.url }));
    case 'sentinel':
      return openSentinel(topology, options);
    case 'cluster':
      return openCluster(topology, options);
  }
}

function openOne(options: Options, locate: () => Promise<RedisTarget>): RedisMasters & { readonly node: RedisNode } {
  const channel = newProbeChannel();
  let node: RedisNode | undefined;
  node = openRedisNode({ ...options, name: '', locate, probeChannel: () => channel });
  const opened = node;
  return {
    node,
    nodes: () => [opened],
    tried: opened.tried,
    carrier: () => node?.subscriber,
    moved: async () => {},
    run: opened.command.run,
    locate,
    close: opened.close,
  };
}

/**
 * The master that Sentinels name. They are asked before each connection, and while it stands: a former master that is cut off from
 * them takes writes which nobody keeps, without a word to its clients.
 */
function openSentinel(topology: Extract<RedisTopology, { form: 'sentinel' }>, options: Options): RedisMasters {
  const locate = async () => targetAt(await findMaster(topology), topology, topology.database);
  const masters = openOne(options, locate);
  const { node } = masters;
  let asking = false;
  const timer = setInterval(() => {
    if (asking || !node.ready()) return;
    asking = true;
    void leaveFormerMaster().finally(() => {
      asking = false;
    });
  }, options.probeIntervalMs);
  timer.unref();

  async function leaveFormerMaster(): Promise<void> {
    const named = await locate().catch(() => undefined);
    if (!named) return;
    for (const connection of [node.command, node.subscriber]) {
      if (connection.target && addressOf(connection.target) !== addressOf(named)) connection.rebuild('the Sentinels name another master');
    }
  }

  return {
    ...masters,
    async close() {
      clearInterval(timer);
      await masters.close();
    },
  };
}

const addressOf = (target: RedisTarget) => ('socket' in target ? hostName(target.socket) : target.url);

function openCluster(topology: Extract<RedisTopology, { form: 'cluster' }>, options: Options): RedisMasters {
  const tried = createLatch();
  const { channels, log } = options;
  const onMoved = (subscriber: RedisConnection, channel: string) => {
    channels.ended(subscriber, channel);
    void cluster.refresh().then(channels.follow);
  };
  const cluster = openRedisCluster({
    topology,
    log,
    openNode: (name, target, probeChannel) =>
      openRedisNode({
        ...options,
        ...{ name, probeChannel, onMoved },
        locate: async () => target,
        onUp(node) {
          channels.follow();
          // The link stands when all masters of the first view were tried: till then one would be refused that is there.
          if (tried.isOpen()) options.onUp(node);
        },
        onLost(node, reason) {
          options.onLost(node, reason);
          void cluster.refresh();
        },
      }),
    onChange: channels.follow,
    onTried() {
      tried.open();
      const node = cluster.nodes().find((one) => one.ready());
      if (node) options.onUp(node);
    },
  });
  return {
    nodes: cluster.nodes,
    tried: tried.opened,
    carrier: cluster.carrier,
    moved: cluster.moved,
    // Each call inside has its own time limit.
    run: async (work) => work(cluster.client),
    async locate(key) {
      await cluster.refresh();
      return cluster.locate(key);
    },
    close: cluster.close,
  };
}
