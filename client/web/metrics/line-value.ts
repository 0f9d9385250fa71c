import type { Columns } from './align.js';

/** Seconds after which a last value is no longer one of now, and how many of the distances between values. */
const STALE_S = 15;
const STALE_DISTANCES = 3;

/** A line's value at an index, or the last one before it; without an index the newest, unless the line fell silent. */
export function lineValue([times, ...columns]: Columns, line: number, index: number | null): number | undefined {
  const column = columns[line] ?? [];
  for (let at = index ?? column.length - 1; at >= 0; at--) {
    const value = column[at];
    if (typeof value === 'number') return index === null && times.at(-1)! - times[at]! > staleAfter(times) ? undefined : value;
    if (value === null && index !== null) return undefined;
  }
  return undefined;
}

/** Coarse steps of a long range are no silence. */
function staleAfter(times: readonly number[]): number {
  const distance = (times.at(-1)! - times[0]!) / Math.max(1, times.length - 1);
  return Math.max(STALE_S, distance * STALE_DISTANCES);
}
