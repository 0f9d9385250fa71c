/** What one series had within one bucket of time. */
export interface Cell {
  count: number;
  sum: number;
  min: number;
  max: number;
  /** The value with the greatest time, and of several with one time the one that was stored last. */
  last: number;
  /** Milliseconds since 1970. */
  lastT: number;
}

/** Cells of one series by the start of their bucket. */
export type Cells = Map<number, Cell>;

export const bucketOf = (t: number, stepMs: number): number => Math.floor(t / stepMs) * stepMs;

/** Adds a sample that was stored after all that the cells have. */
export function addSample(cells: Cells, stepMs: number, value: number, t: number): void {
  const bucket = bucketOf(t, stepMs);
  const cell = cells.get(bucket);
  if (cell) mergeInto(cell, cellOf(value, t));
  else cells.set(bucket, cellOf(value, t));
}

/** Adds a sample that was stored before all that the cells have. */
export function addEarlierSample(cells: Cells, bucket: number, value: number, t: number): void {
  const cell = cells.get(bucket);
  const earlier = cellOf(value, t);
  if (cell) mergeInto(earlier, cell);
  cells.set(bucket, earlier);
}

const cellOf = (value: number, t: number): Cell => ({ count: 1, sum: value, min: value, max: value, last: value, lastT: t });

/** Adds what was stored later; its buckets may be finer. */
export function mergeCells(cells: Cells, later: ReadonlyMap<number, Readonly<Cell>>, stepMs: number): void {
  for (const [start, cell] of later) {
    const bucket = bucketOf(start, stepMs);
    const known = cells.get(bucket);
    if (known) mergeInto(known, cell);
    else cells.set(bucket, { ...cell });
  }
}

function mergeInto(cell: Cell, later: Readonly<Cell>): void {
  cell.count += later.count;
  cell.sum += later.sum;
  if (later.min < cell.min) cell.min = later.min;
  if (later.max > cell.max) cell.max = later.max;
  if (later.lastT >= cell.lastT) {
    cell.last = later.last;
    cell.lastT = later.lastT;
  }
}
