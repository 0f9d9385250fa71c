import { groupBy } from './group-by.js';
import type { Publication, ReaderHistory } from './history.js';
import type { FaultKind } from './kinds.js';

/** A fault as it happened. Times are milliseconds since 1970. */
export interface FaultRecord {
  readonly kind: FaultKind;
  /** What it hit: `redis`, `hub-2`. */
  readonly target: string;
  readonly onsetMs: number;
  readonly healMs: number;
  /** Another one was there at the same time. */
  readonly overlapped: boolean;
}

/** Kinds whose onset counts: the rest of the system must go on without what they hit. */
export const COUNTED_FROM_ONSET: ReadonlySet<FaultKind> = new Set([
  'redis-black-hole',
  'client-black-hole',
  'instance-kill',
  'worker-kill',
] as const);

/**
 * For each fault: milliseconds from its heal (or onset, see above) until every room had a publication, invoked after that, which all readers
 * of the room saw; undefined where that never happened.
 */
export function timesToRecover(
  faults: readonly FaultRecord[],
  publications: readonly Publication[],
  readers: readonly ReaderHistory[],
): (number | undefined)[] {
  const rooms = groupBy(readers, ({ room }) => room);
  const seenByAll = [...rooms].map(([room, histories]) =>
    inOrder(
      publications.filter((one) => one.room === room),
      lastSeen(histories),
    ),
  );
  return faults.map(({ kind, onsetMs, healMs }) => {
    const from = COUNTED_FROM_ONSET.has(kind) ? onsetMs : healMs;
    const ends = seenByAll.map((room) => earliest(room, from));
    return ends.some((end) => end === undefined) ? undefined : Math.max(...ends.map((end) => end! - from));
  });
}

/** When the last of a room's readers saw each value that all of them saw. */
function lastSeen(histories: readonly ReaderHistory[]): Map<number, number> {
  const sights = new Map<number, { readers: number; lastMs: number; reader: ReaderHistory }>();
  for (const reader of histories) {
    for (const event of reader.events) {
      if (event.what !== 'read') continue;
      const known = sights.get(event.value);
      if (known?.reader === reader) continue;
      sights.set(event.value, { readers: (known?.readers ?? 0) + 1, lastMs: Math.max(known?.lastMs ?? 0, event.atMs), reader });
    }
  }
  return new Map([...sights].filter(([, { readers }]) => readers === histories.length).map(([value, { lastMs }]) => [value, lastMs]));
}

interface Seen {
  readonly invokedMs: number;
  readonly seenMs: number;
}

function inOrder(publications: readonly Publication[], seen: ReadonlyMap<number, number>): Seen[] {
  return publications
    .flatMap(({ value, invokedMs }) => (seen.has(value) ? [{ invokedMs, seenMs: seen.get(value)! }] : []))
    .sort((a, b) => a.invokedMs - b.invokedMs);
}

function earliest(room: readonly Seen[], fromMs: number): number | undefined {
  let best = Number.POSITIVE_INFINITY;
  for (const { invokedMs, seenMs } of room) {
    if (invokedMs >= best) break;
    if (invokedMs >= fromMs) best = Math.min(best, seenMs);
  }
  return Number.isFinite(best) ? best : undefined;
}
