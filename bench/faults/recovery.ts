import { groupBy } from '../../shared/group-by.js';
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
  'worker-stop',
] as const);

export interface Recovery {
  readonly afterMs: number;
  /** The reader that was waited for. */
  readonly lastReader: string;
}

/**
 * For each fault: milliseconds from its heal (or onset, see above) until every room had a publication, invoked after that, which all readers
 * of the room saw; undefined where that never happened.
 */
export function timesToRecover(
  faults: readonly FaultRecord[],
  publications: readonly Publication[],
  readers: readonly ReaderHistory[],
): (Recovery | undefined)[] {
  const rooms = groupBy(readers, ({ room }) => room);
  const seen = [...rooms].map(([room, histories]) =>
    inOrder(
      publications.filter((one) => one.room === room),
      seenByAll(histories),
    ),
  );
  return faults.map(({ kind, onsetMs, healMs }) => {
    const from = COUNTED_FROM_ONSET.has(kind) ? onsetMs : healMs;
    const ends = seen.flatMap((room) => earliest(room, from) ?? []);
    if (ends.length < seen.length) return undefined;
    const last = ends.reduce((one, other) => (other.seenMs > one.seenMs ? other : one));
    return { afterMs: last.seenMs - from, lastReader: last.lastReader };
  });
}

interface Sight {
  /** When the last of them saw it. */
  seenMs: number;
  lastReader: string;
  /** How many saw it. */
  readers: number;
  counted: ReaderHistory;
}

/** The values of a room that all of its readers saw. */
function seenByAll(histories: readonly ReaderHistory[]): Map<number, Sight> {
  const sights = new Map<number, Sight>();
  for (const reader of histories) {
    for (const event of reader.events) {
      if (event.what !== 'read') continue;
      const known = sights.get(event.value);
      if (!known) sights.set(event.value, { seenMs: event.atMs, lastReader: nameOf(reader), readers: 1, counted: reader });
      else if (known.counted !== reader) {
        known.readers++;
        known.counted = reader;
        if (event.atMs < known.seenMs) continue;
        known.seenMs = event.atMs;
        known.lastReader = nameOf(reader);
      }
    }
  }
  return new Map([...sights].filter(([, { readers }]) => readers === histories.length));
}

const nameOf = ({ reader, room }: ReaderHistory) => `${reader} in ${room}`;

type Seen = Pick<Sight, 'seenMs' | 'lastReader'> & { readonly invokedMs: number };

function inOrder(publications: readonly Publication[], seen: ReadonlyMap<number, Sight>): Seen[] {
  return publications
    .flatMap(({ value, invokedMs }) => {
      const sight = seen.get(value);
      return sight ? [{ invokedMs, seenMs: sight.seenMs, lastReader: sight.lastReader }] : [];
    })
    .sort((a, b) => a.invokedMs - b.invokedMs);
}

/** Of what was invoked from then on, that which all had first. */
function earliest(room: readonly Seen[], fromMs: number): Seen | undefined {
  let best: Seen | undefined;
  for (const one of room) {
    if (best && one.invokedMs >= best.seenMs) break;
    if (one.invokedMs >= fromMs && (!best || one.seenMs < best.seenMs)) best = one;
  }
  return best;
}
