import type { Columns } from './align.js';

/** Columns that stand on each other; one without a value at a time counts with its last one, and those that are not shown with nothing. */
export function stacked([times, ...columns]: Columns, shown: readonly boolean[]): Columns {
  const below = times.map(() => 0);
  const sums = columns.map((column, line) => {
    if (!shown[line]) return column;
    let last: number | null = null;
    return column.map((value, at) => {
      if (value !== undefined) last = value;
      if (last === null) return null;
      below[at]! += last;
      return below[at]!;
    });
  });
  return [times, ...sums];
}
