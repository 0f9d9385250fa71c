import type { MetricSnapshot } from '../../shared/protocol.js';
import type { Points } from './downsample.js';
import { PastBuckets } from './past-buckets.js';
import type { Cells } from './rollups/rollup-cell.js';

/** One frame in numbers: `values[i]` is of the series numbered `series[i]`. */
export interface NumberedRow {
  readonly t: number;
  readonly series: ArrayLike<number>;
  readonly values: ArrayLike<number>;
  /** Milliseconds by which each value is older than `t`, where they differ. */
  readonly ago?: ArrayLike<number>;
}

export interface MetricHistoryOptions {
  /** Age up to which samples are kept. */
  readonly ageMs: number;
  /** Values kept as they came, in all. */
  readonly points: number;
  /** Buckets of older ones, of all series together, about. */
  readonly cells: number;
}

/** Which points of a series are wanted: of older ones the last of each bucket, and its extremes too. */
export type Wanted = ReadonlyMap<number, { readonly extremes: boolean }>;

/** Age up to which values are kept as they came. */
const AS_THEY_CAME_MS = 60_000;

/** Values from which a row is held in typed arrays: below, what these take themselves is more than they save. */
const PACKED_VALUES = 32;
const COLUMNS = 1_000;

/** The last minutes of a room's samples: the newest as they came, older ones in buckets; and the latest of each series whatever its age. */
export class MetricHistory {
  readonly #rows: { row: NumberedRow; heardAt: number }[] = [];
  readonly #past: PastBuckets;
  #points = 0;
  /** Rows ever added: the number of the last one. */
  #count = 0;
  /** Numbers of frames' series, by the first of them. */
  readonly #columns = new Map<number, Uint32Array>();
  readonly #latestT: number[] = [];
  readonly #latestValues: number[] = [];

  constructor(private readonly options: MetricHistoryOptions) {
    this.#past = new PastBuckets(options);
  }

  /** The number of the newest row, and of the newest one that is in buckets already. */
  get count(): number {
    return this.#count;
  }

  get inBuckets(): number {
    return this.#count - this.#rows.length;
  }

  /** Takes roll-ups in, before any row. */
  begin(number: number, cells: Cells): void {
    this.#past.begin(number, cells);
    for (const { last, lastT } of cells.values()) this.#learn(number, last, lastT);
  }

  /** @param heardAt the store's time of the message, which decides about age */
  add(row: NumberedRow, heardAt: number): void {
    eachValue(row, (number, value, t) => this.#learn(number, value, t));
    this.#rows.push({ row: this.#pack(row), heardAt });
    this.#points += row.series.length;
    this.#count++;
    this.age(heardAt);
  }

  /** Forgets a series that has had no sample for twice the age. */
  forget(number: number): void {
    delete this.#latestT[number];
    delete this.#latestValues[number];
    this.#past.forget(number);
  }

  latest(): MetricSnapshot['latest'] {
    const latest: MetricSnapshot['latest'] = { series: [], t: [], values: [] };
    this.#latestT.forEach((t, number) => {
      latest.series.push(number);
      latest.t.push(t);
      latest.values.push(this.#latestValues[number] ?? 0);
    });
    return latest;
  }

  /** Rows that are kept as they came, after the row `after` and up to the row `upTo`. */
  rows(after: number, upTo: number): NumberedRow[] {
    const from = Math.max(0, after - this.inBuckets);
    return this.#rows.slice(from, Math.max(from, upTo - this.inBuckets)).map(({ row }) => row);
  }

  /** Points of the wanted series up to the row `upTo`, oldest first. */
  points(wanted: Wanted, upTo: number): Map<number, Points> {
    const bySeries = new Map<number, { t: number[]; values: number[] }>();
    for (const number of wanted.keys()) bySeries.set(number, { t: [], values: [] });
    const add = (number: number, t: number, value: number) => {
      const points = bySeries.get(number);
      points?.t.push(t);
      points?.values.push(value);
    };
    this.#past.eachPoint(wanted, add);
    for (const row of this.rows(0, upTo)) eachValue(row, (number, value, t) => add(number, t, value));
    return new Map([...bySeries].map(([number, points]) => [number, sortByTime(points)]));
  }

  /** Puts what has become old into buckets, and drops what has become too old. */
  age(now: number): void {
    const { ageMs, points } = this.options;
    const asTheyCameMs = Math.min(ageMs, AS_THEY_CAME_MS);
    let aged = 0;
    for (const { row, heardAt } of this.#rows) {
      if (heardAt >= now - asTheyCameMs && this.#points <= points) break;
      eachValue(row, (number, value, t) => {
        if (t >= now - ageMs) this.#past.add(number, value, t);
      });
      this.#points -= row.series.length;
      aged++;
    }
    if (aged > 0) this.#rows.splice(0, aged);
    this.#past.dropBefore(now - ageMs);
  }

  #learn(number: number, value: number, t: number): void {
    if (t < (this.#latestT[number] ?? t)) return;
    this.#latestT[number] = t;
    this.#latestValues[number] = value;
  }

  #pack(row: NumberedRow): NumberedRow {
    const { t, series, values, ago } = row;
    if (series.length < PACKED_VALUES) return row;
    const packed = { t, series: this.#columnOf(series), values: Float64Array.from(values) };
    return ago ? { ...packed, ago: Float64Array.from(ago) } : packed;
  }

  /** Frames tell of the same series again and again: their numbers are held once. */
  #columnOf(series: ArrayLike<number>): Uint32Array {
    const first = series[0] ?? 0;
    const known = this.#columns.get(first);
    if (known?.length === series.length && known.every((number, i) => number === series[i])) return known;
    if (this.#columns.size >= COLUMNS) this.#columns.clear();
    const column = Uint32Array.from(series);
    this.#columns.set(first, column);
    return column;
  }
}

export function eachValue({ t, series, values, ago }: NumberedRow, call: (number: number, value: number, t: number) => void): void {
  for (let i = 0; i < series.length; i++) call(series[i] ?? 0, values[i] ?? 0, t - (ago?.[i] ?? 0));
}

/** Puts points in the order of their times. */
function sortByTime({ t, values }: { t: number[]; values: number[] }): Points {
  if (t.every((time, i) => i === 0 || (t[i - 1] ?? time) <= time)) return { t, values };
  const order = t.map((_, i) => i).sort((a, b) => (t[a] ?? 0) - (t[b] ?? 0));
  return { t: order.map((i) => t[i] ?? 0), values: order.map((i) => values[i] ?? 0) };
}
