import { BOUNDS } from '../../shared/limits.js';
import type { SlowPolicy } from '../../shared/rooms.js';
import type { LogEntry, LogPage, LogRange } from '../log/room-log.js';

/** What a reader that fell behind has missed: the entries after `after`, up to `last`. */
export interface Missed {
  readonly after: number;
  readonly last: number;
  read(range: LogRange): Promise<LogPage>;
}

/** What it is given of them: those of `seqs`, ascending, then each one after `restAfter`. The others are left out. */
export interface Choice {
  readonly seqs: readonly number[];
  readonly restAfter: number;
}

export type Choose = (missed: Missed) => Choice | Promise<Choice>;

/** How a policy chooses, where a reader is given `most` of the missed messages at most. */
export function chooserOf(policy: SlowPolicy, most: number): Choose {
  switch (policy) {
    case 'drop-oldest':
      return ({ after, last }) => ({ seqs: [], restAfter: Math.max(after, last - most) });
    case 'sample':
      return (missed) => sample(missed, most);
    case 'latest-per-key':
      return (missed) => latestPerKey(missed, most);
    default:
      return ({ after }) => ({ seqs: [], restAfter: after });
  }
}

/** Every k-th of them, counted from the newest back. */
function sample({ after, last }: Missed, most: number): Choice {
  const step = Math.ceil((last - after) / most);
  if (step <= 1) return { seqs: [], restAfter: after };
  const count = Math.ceil((last - after) / step);
  return { seqs: Array.from({ length: count }, (_, index) => last - (count - 1 - index) * step), restAfter: last };
}

/** The last message of each key, of the keys that spoke last; `BOUNDS.keySearchMessages` are looked at. */
async function latestPerKey({ after, last, read }: Missed, most: number): Promise<Choice> {
  const newest = new Map<string, number>();
  const oldest = Math.max(after, last - BOUNDS.keySearchMessages);
  for (let before = last + 1; before > oldest + 1 && newest.size < most; ) {
    const { entries } = await read({ after: oldest, before, limit: BOUNDS.pageMessages, from: 'newest' });
    const first = entries[0];
    if (!first) break;
    for (const entry of entries.toReversed()) if (newest.size < most) addNewest(newest, entry);
    before = first.seq;
  }
  return { seqs: [...newest.values()].reverse(), restAfter: last };
}

function addNewest(newest: Map<string, number>, { seq, message }: LogEntry): void {
  const key = keyOf(message.type, message.data);
  if (!newest.has(key)) newest.set(key, seq);
}

/** What a message is about: its type, and the `key` of its data where there is one. */
function keyOf(type: string, data: unknown): string {
  const key: unknown = typeof data === 'object' && data !== null && 'key' in data ? data.key : undefined;
  return typeof key === 'string' || typeof key === 'number' ? `${type} ${key}` : type;
}
