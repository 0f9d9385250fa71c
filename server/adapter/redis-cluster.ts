import { randomBytes } from 'node:crypto';
import { HubError } from '../../shared/errors.js';
import { reasonOf, replyCode } from './command-errors.js';
import { askOnce } from './redis-ask.js';
import { askingClient, clusterClient, type SendToKey } from './redis-cluster-client.js';
import type { LinkLog, RedisClient, RedisConnection } from './redis-connection.js';
import { hashTag, keySlot, SLOTS } from './redis-key-slot.js';
import type { RedisNode } from './redis-node.js';
import { TagOrder } from './redis-tag-order.js';
import { hostName, type RedisHost, type RedisTarget, type RedisTopology, targetAt } from './topology.js';

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

/** Between two looks at the slots, and while a master is away. */
const REFRESH_MS = 2_000;
const REFRESH_AWAY_MS = 250;
const ANSWER_MS = 1_000;
/** A redirected command is refused after this long, so that it is within 2 s. */
const GIVE_UP_MS = 1_000;
const TRY_AGAIN_MS = 20;
const WAITING_MAX = 50_000;
/** A server that is being given its first slots has none yet; its connections are kept for this long after the last use. */
const GUEST_MS = 60_000;

/** A command was redirected to a server that is not connected yet. */
class NotConnectedYet extends HubError {}

interface Member {
  readonly node: RedisNode;
  readonly at: RedisHost;
  usedAt: number;
}

export function openRedisCluster(options: RedisClusterOptions): RedisCluster {
  const { topology, log } = options;
  const members = new Map<string, Member>();
  const owners: (string | undefined)[] = new Array(SLOTS);
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let refreshing: Promise<void> | undefined;
  let failures = 0;
  let tried = false;
  let asked = 0;

  const order = new TagOrder<RedisHost>({
    giveUpMs: GIVE_UP_MS,
    waitingMax: WAITING_MAX,
    redirection(error) {
      if (error instanceof NotConnectedYet) return { to: undefined, afterMs: TRY_AGAIN_MS };
      const code = replyCode(error);
      if (code === 'TRYAGAIN') return { to: undefined, afterMs: TRY_AGAIN_MS };
      const target = redirectionOf(error);
      if (!target) return undefined;
      const member = join(target.at);
      if (code === 'MOVED') give(target.slot, target.at);
      return { to: code === 'ASK' ? target.at : undefined, afterMs: member.node.command.ready() ? 0 : TRY_AGAIN_MS };
    },
  });

  const send: SendToKey = (key, call) => {
    if (key === undefined) return attempt(anyReady(), call);
    const slot = keySlot(key);
    return order.run(hashTag(key), (to, redirected) => {
      const member = members.get(to ? hostName(to) : (owners[slot] ?? ''));
      if (redirected && !member?.node.command.ready()) return Promise.reject(new NotConnectedYet('unavailable'));
      return attempt(member, call, to !== undefined);
    });
  };

  function attempt<Result>(member: Member | undefined, call: (client: RedisClient) => Promise<Result>, asking = false): Promise<Result> {
    if (!member) return Promise.reject(new HubError('unavailable', 'No server of the Cluster has the slot; nothing was stored.'));
    member.usedAt = performance.now();
    return member.node.command.run((client) => call(asking ? askingClient(client) : client));
  }

  function anyReady(): Member | undefined {
    return [...members.values()].find(({ node }) => node.command.ready());
  }

  function join(at: RedisHost): Member {
    const name = hostName(at);
    const known = members.get(name);
    if (known) return known;
    const node = options.openNode(name, targetAt(at, topology), probeChannels(name));
    const member = { node, at, usedAt: performance.now() };
    members.set(name, member);
    return member;
  }

  /** A channel whose slot the node has; the same one for as long as it has it. */
  function probeChannels(name: string): () => string {
    let channel = '';
    return () => {
      for (let tries = 0; tries < 4 * SLOTS && (channel === '' || owners[keySlot(channel)] !== name); tries++) {
        channel = `roomcast:probe:${randomBytes(9).toString('base64url')}`;
        // It has none: then any will do, and tells nothing.
        if (!owners.includes(name)) break;
      }
      return channel;
    };
  }

  function give(slot: number, at: RedisHost): void {
    const name = hostName(at);
    if (owners[slot] === name) return;
    owners[slot] = name;
    options.onChange();
    void refresh();
  }

  /** One look at a time; whoever asks meanwhile gets the end of the one under way. */
  function refresh(): Promise<void> {
    refreshing ??= look().finally(() => {
      refreshing = undefined;
      plan();
    });
    return refreshing;
  }

  async function look(): Promise<void> {
    clearTimeout(timer);
    try {
      apply(await readSlots());
      failures = 0;
    } catch (error) {
      if (!closed && failures++ % 120 === 0)
        log.warn({ reason: reasonOf(error) }, 'Redis: no server tells the slots; asking again until one does');
    }
    if (tried || closed || members.size === 0) return;
    tried = true;
    void Promise.all([...members.values()].map(({ node }) => node.tried)).then(options.onTried);
  }

  function plan(): void {
    if (closed) return;
    const away = members.size === 0 || [...members.values()].some(({ node }) => !node.ready());
    timer = setTimeout(() => void refresh(), away ? REFRESH_AWAY_MS : REFRESH_MS);
    timer.unref();
  }

  /** Connected servers are asked by turns, so that one with an old view is not the only one heard. */
  async function readSlots(): Promise<SlotRange[]> {
    const ready = [...members.values()].filter(({ node }) => node.command.ready());
    const member = ready[asked++ % Math.max(1, ready.length)];
    if (member) return parseSlots(await member.node.command.run((client) => client.sendCommand(['CLUSTER', 'SLOTS'])), member.at);
    const hosts = [...topology.nodes, ...[...members.values()].map(({ at }) => at)];
    return Promise.any(hosts.map(async (at) => parseSlots(await askOnce(targetAt(at, topology), ['CLUSTER', 'SLOTS'], ANSWER_MS), at)));
  }

  function apply(ranges: readonly SlotRange[]): void {
    if (closed || ranges.length === 0) return;
    const named: (string | undefined)[] = new Array(SLOTS).fill(undefined);
    for (const { first, last, at } of ranges) named.fill(hostName(at), first, last + 1);
    const changed = named.some((name, slot) => owners[slot] !== name);
    for (const [slot, name] of named.entries()) owners[slot] = name;
    for (const { at } of ranges) join(at);
    if (changed) options.onChange();
    leaveFormer(new Set(named));
  }

  function leaveFormer(masters: ReadonlySet<string | undefined>): void {
    for (const [name, member] of members) {
      if (masters.has(name) || performance.now() - member.usedAt < GUEST_MS) continue;
      members.delete(name);
      void member.node.close();
    }
  }

  void refresh();
  return {
    client: clusterClient(send),
    nodes: () => [...members.values()].map(({ node }) => node),
    carrier: (channel) => members.get(owners[keySlot(channel)] ?? '')?.node.subscriber,
    async moved(reply) {
      const target = redirectionOf(reply);
      if (target && replyCode(reply) === 'MOVED') {
        join(target.at);
        give(target.slot, target.at);
      }
      await refresh();
    },
    refresh,
    locate(key) {
      const member = members.get(owners[keySlot(key)] ?? '');
      if (!member) throw new HubError('unavailable', 'No server of the Cluster has the slot.');
      return targetAt(member.at, topology);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await Promise.all([...members.values()].map(({ node }) => node.close()));
    },
  };
}

interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly at: RedisHost;
}

/** @see https://redis.io/docs/latest/commands/cluster-slots/ A server that does not know its own name is the one that was asked. */
function parseSlots(reply: unknown, askedAt: RedisHost): SlotRange[] {
  return (reply as [number, number, [string | null, number]][]).map(([first, last, [host, port]]) => ({
    first,
    last,
    at: { host: host || askedAt.host, port },
  }));
}

/** `MOVED 3999 127.0.0.1:6381`, `ASK 3999 ::1:6381` */
function redirectionOf(error: unknown): { slot: number; at: RedisHost } | undefined {
  const [, slot, host, port] = (error instanceof Error && /^(?:MOVED|ASK) (\d+) (.+):(\d+)$/.exec(error.message)) || [];
  return host === undefined ? undefined : { slot: Number(slot), at: { host, port: Number(port) } };
}
