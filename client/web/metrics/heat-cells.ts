import type { Column } from './align.js';

/** A value of a row and the time that it fills, in the unit of the times. */
export interface Cell {
  readonly value: number;
  readonly from: number;
  readonly to: number;
}

/**
 * The cells of a row: each lasts until the next value, so that values rarer than ticks leave no stripes, and where the row pauses or ends for
 * one tick. Values of 0 and below are no cells.
 */
export function cellsOf(times: readonly number[], row: Column, tick: number): Cell[] {
  const cells: Cell[] = [];
  let next: number | null = null;
  for (let at = row.length - 1; at >= 0; at--) {
    const value = row[at];
    if (value === undefined) continue;
    const from = times[at]!;
    if (value !== null && value > 0) cells.push({ value, from, to: next ?? from + tick });
    next = value === null ? null : from;
  }
  return cells.reverse();
}
