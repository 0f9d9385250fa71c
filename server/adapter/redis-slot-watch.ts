import { reasonOf } from './command-errors.js';
import type { LinkLog } from './link-log.js';
import { askOnce } from './redis-ask.js';
import type { ClusterMembers } from './redis-cluster-members.js';
import { parseSlots, type SlotRange } from './redis-cluster-replies.js';
import { type RedisTopology, targetAt } from './topology.js';

interface SlotWatchOptions {
  readonly topology: Extract<RedisTopology, { form: 'cluster' }>;
  readonly members: ClusterMembers;
  readonly log: LinkLog;
  /** What a server says of the slots. */
  onRead(ranges: readonly SlotRange[]): void;
  /** A look came to its end, whichever. */
  onLooked(): void;
}

/** Looks again and again which master has which slot. */
export interface SlotWatch {
  /** Looks now, or gives the end of the look under way. Never rejects. */
  refresh(): Promise<void>;
  stop(): void;
}

/** Between two looks, and while a master is away. */
const REFRESH_MS = 2_000;
const REFRESH_AWAY_MS = 250;
const ANSWER_MS = 1_000;
/** One line at once, then one each half minute or so. */
const FAILURES_PER_LINE = 120;

/** Nothing is looked at before the first `refresh`. */
export function watchSlots({ topology, members, log, onRead, onLooked }: SlotWatchOptions): SlotWatch {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let refreshing: Promise<void> | undefined;
  let failures = 0;
  let asked = 0;

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
      const ranges = await read();
      if (!stopped) onRead(ranges);
      failures = 0;
    } catch (error) {
      if (!stopped && failures++ % FAILURES_PER_LINE === 0)
        log.warn({ reason: reasonOf(error) }, 'Redis: no server tells the slots; asking again until one does');
    }
    if (!stopped) onLooked();
  }

  function plan(): void {
    if (stopped) return;
    const all = members.all();
    const away = all.length === 0 || all.some(({ node }) => !node.ready());
    timer = setTimeout(() => void refresh(), away ? REFRESH_AWAY_MS : REFRESH_MS);
    timer.unref();
  }

  /** Connected servers are asked by turns, so that one with an old view is not the only one heard. */
  async function read(): Promise<SlotRange[]> {
    const connected = members.connected();
    const member = connected[asked++ % Math.max(1, connected.length)];
    if (member) return parseSlots(await member.node.command.run((client) => client.sendCommand(['CLUSTER', 'SLOTS'])), member.at);
    const hosts = [...topology.nodes, ...members.all().map(({ at }) => at)];
    return Promise.any(hosts.map(async (at) => parseSlots(await askOnce(targetAt(at, topology), ['CLUSTER', 'SLOTS'], ANSWER_MS), at)));
  }

  return {
    refresh,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
