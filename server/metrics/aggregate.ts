import type { Grid } from './range-grid.js';
import { bucketOf, type Cell, type Cells, mergeCells } from './rollups/rollup-cell.js';

/** What a step can say of its samples' figures. */
const OF_CELL = {
  avg: ({ sum, count }: Cell) => sum / count,
  min: ({ min }: Cell) => min,
  max: ({ max }: Cell) => max,
  last: ({ last }: Cell) => last,
  sum: ({ sum }: Cell) => sum,
  count: ({ count }: Cell) => count,
};
type OfCell = keyof typeof OF_CELL;

/** `rate`: what a counter rose by per second. */
export type CellAggregate = OfCell | 'rate';

/** Milliseconds after which a counter's last value says nothing about its next one, at the least; as in Prometheus. */
const STALE_MS = 5 * 60_000;

/** How far before a grid's first step its figures begin. */
export const lookbackMs = (aggregate: string, { stepMs }: Pick<Grid, 'stepMs'>): number =>
  aggregate === 'rate' ? Math.max(STALE_MS, stepMs) : 0;

/** One value per step, null where there is none. @param cells of buckets no longer than the steps, `lookbackMs` before the first step included */
export function stepValues(cells: Cells, aggregate: CellAggregate, grid: Grid): (number | null)[] {
  if (aggregate === 'rate') return rates(cells, grid);
  const steps: Cells = new Map();
  mergeCells(steps, cells, grid.stepMs);
  return eachStep(grid, (start) => {
    const cell = steps.get(start);
    return cell ? OF_CELL[aggregate](cell) : null;
  });
}

export function eachStep<Value>({ from, stepMs, steps }: Grid, valueAt: (start: number) => Value): Value[] {
  return Array.from({ length: steps }, (_, i) => valueAt(from + i * stepMs));
}

/** A counter within one step: what it rose by, since when and until when. */
interface Rise {
  by: number;
  readonly sinceT: number;
  untilT: number;
}

/**
 * Rises between the last values of the buckets, divided by the time between the last samples of this step and of the one before
 * it that had any. A value below the one before it is a counter that began anew at 0, as in Prometheus' `rate`.
 */
function rates(cells: Cells, grid: Grid): (number | null)[] {
  const staleMs = lookbackMs('rate', grid);
  const rises = new Map<number, Rise>();
  let before: Cell | undefined;
  for (const [bucket, cell] of [...cells].sort(([a], [b]) => a - b)) {
    if (before && cell.lastT - before.lastT <= staleMs) {
      const step = bucketOf(bucket, grid.stepMs);
      const rise = rises.get(step) ?? { by: 0, sinceT: before.lastT, untilT: 0 };
      rise.by += cell.last >= before.last ? cell.last - before.last : cell.last;
      rise.untilT = cell.lastT;
      rises.set(step, rise);
    }
    before = cell;
  }
  return eachStep(grid, (start) => {
    const rise = rises.get(start);
    return rise ? (rise.by * 1_000) / (rise.untilT - rise.sinceT) : null;
  });
}

/** The value below which a part `q` of them lies, between two of them in proportion; as Prometheus' `quantile_over_time`. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  const rank = q * (sorted.length - 1);
  const low = sorted[Math.floor(rank)] ?? Number.NaN;
  const high = sorted[Math.ceil(rank)] ?? Number.NaN;
  return low + (high - low) * (rank - Math.floor(rank));
}
