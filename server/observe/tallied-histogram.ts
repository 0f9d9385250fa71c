import { Histogram, type HistogramConfiguration } from 'prom-client';

/** What prom-client keeps of a series; `tallied-histogram.test.ts` holds it to the version. */
interface Series {
  /** By upper bound; each value is in one of them. */
  readonly bucketValues: Record<number, number>;
  sum: number;
  count: number;
}
interface HistogramParts {
  readonly upperBounds: readonly number[];
  readonly hashMap: Readonly<Record<string, Series>>;
}

/** A histogram without labels for what happens very often: what was tallied comes to prom-client's numbers when the metrics are read. */
export class TalliedHistogram extends Histogram {
  readonly #bounds: readonly number[];
  /** One more than there are bounds. */
  readonly #counts: number[];
  #sum = 0;

  constructor(configuration: Omit<HistogramConfiguration<string>, 'labelNames' | 'collect'>) {
    super({
      ...configuration,
      collect() {
        (this as TalliedHistogram).#collect();
      },
    });
    this.#bounds = (this as unknown as HistogramParts).upperBounds;
    this.#counts = Array.from({ length: this.#bounds.length + 1 }, () => 0);
  }

  /** As `observe`. */
  tally(value: number): void {
    const { length } = this.#bounds;
    let bucket = 0;
    while (bucket < length && value > this.#bounds[bucket]!) bucket++;
    this.#counts[bucket]!++;
    this.#sum += value;
  }

  #collect(): void {
    const [series] = Object.values((this as unknown as HistogramParts).hashMap);
    if (!series) return;
    series.sum += this.#sum;
    this.#sum = 0;
    this.#counts.forEach((count, bucket) => {
      const bound = this.#bounds[bucket];
      if (bound !== undefined) series.bucketValues[bound]! += count;
      series.count += count;
      this.#counts[bucket] = 0;
    });
  }
}
