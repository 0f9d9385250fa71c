import { HubError } from '../../shared/errors.js';
import { replyCode } from './command-errors.js';
import type { LinkLog } from './link-log.js';
import { probeChannels } from './probe-channel.js';
import type { RedisClient } from './redis-client.js';
import { clusterClient } from './redis-cluster-client.js';
import { ClusterMembers } from './redis-cluster-members.js';
import { redirectionOf, type SlotRange } from './redis-cluster-replies.js';
import { routeToMasters } from './redis-cluster-routing.js';
import type { RedisConnection } from './redis-connection.js';
import { keySlot } from './redis-key-slot.js';
import type { RedisNode } from './redis-node.js';
import { SlotMap } from './redis-slot-map.js';
import { watchSlots } from './redis-slot-watch.js';
import { type RedisHost, type RedisTarget, type RedisTopology, targetAt } from './topology.js';

export interface RedisClusterOptions {
  readonly topology: Extract<RedisTopology, { form: 'cluster' }>;
  readonly log: LinkLog;
  openNode(name: string, target: RedisTarget, probeChannel: () => string): RedisNode;
  /** Slots went to other masters. */
  onChange(): void;
  /** All masters of the first view were tried. */
  onTried(): void;
}

/** The masters of a Redis Cluster, and which of them has which slot. */
export interface RedisCluster {
  /** Routes each call to the master of its key, also while slots move. */
  readonly client: RedisClient;
  nodes(): RedisNode[];
  carrier(channel: string): RedisConnection | undefined;
  /** Takes note of a MOVED reply and looks at the slots again. */
  moved(reply: unknown): Promise<void>;
  refresh(): Promise<void>;
  /** @throws HubError `unavailable` while nobody is known to have the key's slot */
  locate(key: string): RedisTarget;
  close(): Promise<void>;
}

export function openRedisCluster(options: RedisClusterOptions): RedisCluster {
  const { topology, log } = options;
  const slots = new SlotMap();
  const members = new ClusterMembers((name, at) => options.openNode(name, targetAt(at, topology), probeChannels(slots, name)));
  const watch = watchSlots({ topology, members, log, onRead, onLooked });
  let tried = false;

  function onRead(ranges: readonly SlotRange[]): void {
    if (ranges.length === 0) return;
    const changed = slots.replace(ranges);
    for (const { at } of ranges) members.join(at);
    if (changed) options.onChange();
    members.leaveFormer((name) => slots.has(name));
  }

  function onLooked(): void {
    const nodes = members.all().map(({ node }) => node);
    if (tried || nodes.length === 0) return;
    tried = true;
    void Promise.all(nodes.map((node) => node.tried)).then(options.onTried);
  }

  function onMoved(slot: number, to: RedisHost): void {
    if (!slots.assign(slot, to)) return;
    options.onChange();
    void watch.refresh();
  }

  const masterOf = (key: string) => members.get(slots.masterOf(keySlot(key)));

  void watch.refresh();
  return {
    client: clusterClient(routeToMasters({ members, slots, onMoved })),
    nodes: () => members.all().map(({ node }) => node),
    carrier: (channel) => masterOf(channel)?.node.subscriber,
    async moved(reply) {
      const target = redirectionOf(reply);
      if (target && replyCode(reply) === 'MOVED') {
        members.join(target.at);
        onMoved(target.slot, target.at);
      }
      await watch.refresh();
    },
    refresh: watch.refresh,
    locate(key) {
      const member = masterOf(key);
      if (!member) throw new HubError('unavailable', 'No server of the Cluster has the slot.');
      return targetAt(member.at, topology);
    },
    async close() {
      watch.stop();
      await members.close();
    },
  };
}
