/** Cumulative buckets: how many observations were at most `le`. Ascending, the last one is infinite. */
export interface Bucket {
  readonly le: number;
  readonly count: number;
}

/**
 * The value below which the share `q` of a histogram's observations lies, on a straight line within its bucket.
 * Source: `BucketQuantile` of Prometheus, promql/quantile.go.
 * @param q above 0, below 1
 * @returns undefined without observations, or without an infinite bucket and one more
 */
function bucketQuantile(q: number, buckets: readonly Bucket[]): number | undefined {
  const total = buckets.at(-1);
  if (buckets.length < 2 || total?.le !== Number.POSITIVE_INFINITY || !(total.count > 0)) return undefined;
  const rank = q * total.count;
  const at = buckets.findIndex(({ count }) => count >= rank);
  const bucket = buckets[at]!;
  const below = buckets[at - 1];
  if (bucket === total) return below!.le;
  if (!below && bucket.le <= 0) return bucket.le;
  const { le: start, count } = below ?? { le: 0, count: 0 };
  return start + (bucket.le - start) * ((rank - count) / (bucket.count - count));
}

interface Count {
  t: number;
  value: number;
  /** At the time of the last quantiles. */
  before: number | undefined;
}

/** Time by which a bucket's value may be older than the newest: past it, the bucket is no longer one of the histogram. */
const STALE_MS = 5 * 60_000;

/** The buckets of one histogram, as they come in as counters. Quantiles are of what was observed from one moment to the next. */
export class HistogramCounts {
  readonly #counts = new Map<number, Count>();
  #toldAt = Number.NEGATIVE_INFINITY;

  set(le: number, t: number, value: number): void {
    const count = this.#counts.get(le);
    if (!count) this.#counts.set(le, { t, value, before: undefined });
    else if (t > count.t) Object.assign(count, { t, value });
  }

  /**
   * Once all buckets have a value of one moment that was not told yet.
   * @returns that moment and the quantiles, as many as `qs`; undefined before, and when nothing was observed since
   */
  quantiles(qs: readonly number[]): { t: number; values: number[] } | undefined {
    const t = Math.max(...[...this.#counts.values()].map((count) => count.t));
    for (const [le, count] of this.#counts) if (count.t < t - STALE_MS) this.#counts.delete(le);
    if (t <= this.#toldAt || [...this.#counts.values()].some((count) => count.t !== t)) return undefined;
    this.#toldAt = t;
    const buckets = this.#observed();
    const values = buckets ? qs.flatMap((q) => bucketQuantile(q, buckets) ?? []) : [];
    return values.length === qs.length ? { t, values } : undefined;
  }

  /** Undefined when a bucket is new or went back. */
  #observed(): Bucket[] | undefined {
    const sorted = [...this.#counts].sort(([a], [b]) => a - b);
    const rises = sorted.map(([le, { value, before }]) => ({ le, count: value - (before ?? Number.NaN) }));
    for (const [, count] of sorted) count.before = count.value;
    return rises.every(({ count }) => count >= 0) ? rises : undefined;
  }
}
