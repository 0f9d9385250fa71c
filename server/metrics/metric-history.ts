import type { MetricSnapshot } from '../../shared/protocol.js';
import { downsample } from './downsample.js';

/** One frame in numbers: `values[i]` is of the series numbered `series[i]`. */
export interface NumberedRow {
  readonly t: number;
  readonly series: ArrayLike<number>;
  readonly values: ArrayLike<number>;
  /** Milliseconds by which each value is older than `t`, where they differ. */
  readonly ago?: ArrayLike<number>;
}

export interface MetricHistoryOptions {
  /** Age up to which rows are kept. */
  readonly ageMs: number;
  /** Values kept in all. */
  readonly points: number;
  /** Values of one series, and of all, that a snapshot's backfill has at most. */
  readonly backfillPointsPerSeries: number;
  readonly backfillPoints: number;
}

type Backfill = MetricSnapshot['backfill'];

/** Age at which a computed backfill is computed anew instead of being continued with what came since. */
const BACKFILL_REUSE_MS = 5_000;

/** Values from which a row is held in typed arrays: below, what these take themselves is more than they save. */
const PACKED_VALUES = 32;
const COLUMNS = 1_000;

/** The last minutes of a room's samples, and the latest of each series whatever its age. */
export class MetricHistory {
  readonly #rows: { row: NumberedRow; heardAt: number }[] = [];
  #points = 0;
  /** Numbers of frames' series, by the first of them. */
  readonly #columns = new Map<number, Uint32Array>();
  readonly #latestT: number[] = [];
  readonly #latestValues: number[] = [];
  #computed: { at: number; rows: Backfill; since: NumberedRow[] } | undefined;

  constructor(private readonly options: MetricHistoryOptions) {}

  /** @param heardAt the store's time of the message, which decides about age */
  add(row: NumberedRow, heardAt: number): void {
    eachValue(row, (number, value, t) => {
      if (t < (this.#latestT[number] ?? t)) return;
      this.#latestT[number] = t;
      this.#latestValues[number] = value;
    });
    if (row.t >= heardAt - this.options.ageMs) this.#keep(row, heardAt);
    this.#dropOld(heardAt);
  }

  /** Forgets the latest value of a series that has none among the rows any more. */
  forget(number: number): void {
    delete this.#latestT[number];
    delete this.#latestValues[number];
    this.#computed = undefined;
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

  /** The rows of the last minutes by time, thinned to what a chart can show. */
  backfill(now: number): Backfill {
    this.#dropOld(now);
    if (!this.#computed || now - this.#computed.at > BACKFILL_REUSE_MS) this.#computed = { at: now, rows: this.#thin(), since: [] };
    const { at, rows, since } = this.#computed;
    if (since.length > 0) this.#computed = { at, rows: mergeByTime([...rows, ...since]), since: [] };
    return this.#computed.rows;
  }

  #keep(row: NumberedRow, heardAt: number): void {
    const packed = this.#pack(row);
    this.#rows.push({ row: packed, heardAt });
    this.#points += row.series.length;
    if (this.#computed && heardAt - this.#computed.at > BACKFILL_REUSE_MS) this.#computed = undefined;
    this.#computed?.since.push(packed);
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

  #dropOld(now: number): void {
    let drop = 0;
    for (const { row, heardAt } of this.#rows) {
      if (heardAt >= now - this.options.ageMs && this.#points <= this.options.points) break;
      this.#points -= row.series.length;
      drop++;
    }
    if (drop > 0) this.#rows.splice(0, drop);
  }

  #thin(): Backfill {
    const bySeries = new Map<number, { t: number[]; values: number[] }>();
    const sorted = this.#rows.map(({ row }) => row).sort((a, b) => a.t - b.t);
    for (const row of sorted) {
      eachValue(row, (number, value, t) => {
        const points = bySeries.get(number) ?? { t: [], values: [] };
        bySeries.set(number, points);
        points.t.push(t);
        points.values.push(value);
      });
    }
    const { backfillPoints, backfillPointsPerSeries } = this.options;
    const limit = Math.min(backfillPointsPerSeries, Math.floor(backfillPoints / Math.max(bySeries.size, 1)));
    const thinned: NumberedRow[] = [];
    for (const [number, points] of bySeries) {
      for (const i of downsample(points, limit)) thinned.push({ t: points.t[i] ?? 0, series: [number], values: [points.values[i] ?? 0] });
    }
    return mergeByTime(thinned);
  }
}

function eachValue({ t, series, values, ago }: NumberedRow, call: (number: number, value: number, t: number) => void): void {
  for (let i = 0; i < series.length; i++) call(series[i] ?? 0, values[i] ?? 0, t - (ago?.[i] ?? 0));
}

/** One row per moment, oldest first. */
function mergeByTime(rows: readonly NumberedRow[]): Backfill {
  const byTime = new Map<number, Backfill[number]>();
  for (const row of rows) {
    eachValue(row, (number, value, t) => {
      const merged = byTime.get(t) ?? { t, series: [], values: [] };
      byTime.set(t, merged);
      merged.series.push(number);
      merged.values.push(value);
    });
  }
  return [...byTime.values()].sort((a, b) => a.t - b.t);
}
