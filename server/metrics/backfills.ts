import type { MetricSnapshot } from '../../shared/protocol.js';
import type { SubscribeRequest } from '../../shared/schemas.js';
import { CounterRate } from './counter-rate.js';
import { downsample, type Points } from './downsample.js';
import { lttb } from './lttb.js';
import { eachValue, type MetricHistory, type NumberedRow } from './metric-history.js';

/** How much of the past a newcomer wants, and thinned how. */
export type PastWish = Pick<SubscribeRequest, 'points' | 'downsample'>;
type Rows = MetricSnapshot['backfill'];

/** A series of the room as a view shows it: by the view's own number, as it is or as what it rises by. */
export interface Shown {
  readonly number: number;
  readonly rate: boolean;
}

/** What a newcomer is to be shown: which series, and up to which of the history's rows. */
export interface PastOf {
  /** Names the view among those of the room. */
  readonly view: string;
  readonly upTo: number;
  shows(source: number): Shown | undefined;
}

export interface BackfillLimits {
  /** Values of one series, unless it is said otherwise, and of all together. */
  readonly pointsPerSeries: number;
  readonly points: number;
}

interface Made {
  readonly at: number;
  readonly counters: Map<number, CounterRate>;
  upTo: number;
  rows: Rows;
}

const THIN = { minmax: downsample, lttb };

/** Time for which all who ask the same are given the same, with what came since. */
const REUSE_MS = 5_000;
/** Pictures that are kept for that time. */
const KEPT = 8;
/** Values that came since past which a picture is made anew: they are not thinned. */
const SINCE_VALUES = 10_000;

/** The last minutes of a room, thinned to what a chart can show. */
export class Backfills {
  readonly #made = new Map<string, Made>();

  constructor(
    private readonly history: MetricHistory,
    private readonly limits: BackfillLimits,
  ) {}

  /** Rows by time, one per moment. */
  rows(past: PastOf, wish: PastWish, now: number): Rows {
    this.expire(now);
    const { downsample: how = 'minmax', points = this.limits.pointsPerSeries } = wish;
    const key = JSON.stringify([past.view, how, points]);
    const known = this.#made.get(key);
    const since = known ? this.#since(known, past) : undefined;
    const made = known && since ? continued(known, past, since) : this.#make(past, how, points, now);
    if (!this.#made.has(key) && this.#made.size >= KEPT) this.#made.delete(this.#made.keys().next().value ?? '');
    this.#made.set(key, made);
    return made.rows;
  }

  /** Lets go of what is too old to be given again. */
  expire(now: number): void {
    for (const [key, { at }] of this.#made) if (now - at > REUSE_MS) this.#made.delete(key);
  }

  /** What came since a picture was made; undefined where that is not known any more, or too much. */
  #since({ upTo: from }: Made, { upTo }: PastOf): NumberedRow[] | undefined {
    if (from < this.history.inBuckets) return undefined;
    const rows = this.history.rows(from, upTo);
    return rows.reduce((values, { series }) => values + series.length, 0) > SINCE_VALUES ? undefined : rows;
  }

  #make({ upTo, shows }: PastOf, how: keyof typeof THIN, points: number, now: number): Made {
    const shown = new Map<number, Shown & { extremes: boolean }>();
    for (const source of this.history.latest().series) {
      const one = shows(source);
      // Between two values of a counter lies a known time; the extremes of a bucket have none.
      if (one) shown.set(source, { ...one, extremes: how === 'minmax' && !one.rate });
    }
    const limit = Math.min(points, Math.floor(this.limits.points / Math.max(shown.size, 1)));
    const counters = new Map<number, CounterRate>();
    const thinned: NumberedRow[] = [];
    for (const [source, all] of this.history.points(shown, upTo)) {
      const one = shown.get(source);
      if (!one) continue;
      const seen = one.rate ? ratesOf(all, counterOf(counters, one.number)) : all;
      for (const i of THIN[how](seen, limit)) thinned.push({ t: seen.t[i] ?? 0, series: [one.number], values: [seen.values[i] ?? 0] });
    }
    return { at: now, counters, upTo, rows: mergeByTime(thinned) };
  }
}

function continued(made: Made, { upTo, shows }: PastOf, since: readonly NumberedRow[]): Made {
  const points: NumberedRow[] = [];
  for (const row of since) {
    eachValue(row, (source, value, t) => {
      const one = shows(source);
      const seen = one?.rate ? counterOf(made.counters, one.number).next(t, value) : value;
      if (one && seen !== undefined) points.push({ t, series: [one.number], values: [seen] });
    });
  }
  made.upTo = upTo;
  if (points.length > 0) made.rows = mergeByTime([...made.rows, ...points]);
  return made;
}

function ratesOf({ t, values }: Points, counter: CounterRate): Points {
  const rates: { t: number[]; values: number[] } = { t: [], values: [] };
  t.forEach((time, i) => {
    const rate = counter.next(time, values[i] ?? 0);
    if (rate === undefined) return;
    rates.t.push(time);
    rates.values.push(rate);
  });
  return rates;
}

function counterOf(counters: Map<number, CounterRate>, number: number): CounterRate {
  const counter = counters.get(number) ?? new CounterRate();
  counters.set(number, counter);
  return counter;
}

function mergeByTime(rows: readonly NumberedRow[]): Rows {
  const byTime = new Map<number, Rows[number]>();
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
