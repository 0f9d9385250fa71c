import type { MetricSnapshot } from '../../shared/protocol.js';
import { downsample } from './downsample.js';

/** One frame in numbers: `values[i]` is of the series numbered `series[i]`. */
export interface NumberedRow {
  readonly t: number;
  readonly series: readonly number[];
  readonly values: readonly number[];
  /** Milliseconds by which each value is older than `t`, where they differ. */
  readonly ago?: readonly number[];
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

/** The last minutes of a room's samples, and the latest of each series whatever its age. */
export class MetricHistory {
  readonly #rows: { row: NumberedRow; heardAt: number }[] = [];
  #points = 0;
  readonly #latestT: number[] = [];
  readonly #latestValues: number[] = [];
  #computed: { at: number; rows: Backfill; since: NumberedRow[] } | undefined;

  constructor(private readonly options: MetricHistoryOptions) {}

  /** @param heardAt the store's time of the message, which decides about age */
  add(row: NumberedRow, heardAt: number): void {
    row.series.forEach((number, i) => {
      const t = timeOf(row, i);
      if (t < (this.#latestT[number] ?? t)) return;
      this.#latestT[number] = t;
      this.#latestValues[number] = row.values[i] ?? 0;
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
    this.#rows.push({ row, heardAt });
    this.#points += row.series.length;
    this.#computed?.since.push(row);
    if ((this.#computed?.since.length ?? 0) > this.options.backfillPointsPerSeries) this.#computed = undefined;
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
      row.series.forEach((number, i) => {
        const points = bySeries.get(number) ?? { t: [], values: [] };
        bySeries.set(number, points);
        points.t.push(timeOf(row, i));
        points.values.push(row.values[i] ?? 0);
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

const timeOf = ({ t, ago }: NumberedRow, i: number): number => t - (ago?.[i] ?? 0);

/** One row per moment, oldest first. */
function mergeByTime(rows: readonly NumberedRow[]): Backfill {
  const byTime = new Map<number, Backfill[number]>();
  for (const row of rows) {
    row.series.forEach((number, i) => {
      const t = timeOf(row, i);
      const merged = byTime.get(t) ?? { t, series: [], values: [] };
      byTime.set(t, merged);
      merged.series.push(number);
      merged.values.push(row.values[i] ?? 0);
    });
  }
  return [...byTime.values()].sort((a, b) => a.t - b.t);
}
