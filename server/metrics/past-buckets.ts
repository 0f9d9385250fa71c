import { bucketOf, type Cells } from './rollups/rollup-cell.js';
import { ROLLUP_STEPS_MS } from './rollups/rollup-levels.js';

const LONGEST_MS = ROLLUP_STEPS_MS[ROLLUP_STEPS_MS.length - 1] as number;

/** What one series had in a bucket. */
interface Figures {
  readonly low: number;
  readonly high: number;
  readonly last: number;
  readonly lastT: number;
}

/** The finest roll-up step in which so many series fit over that time; the longest has room for any number. */
export function stepFor(series: number, { ageMs, cells }: { readonly ageMs: number; readonly cells: number }): number {
  return ROLLUP_STEPS_MS.find((stepMs) => (series * ageMs) / stepMs <= cells) ?? LONGEST_MS;
}

/**
 * Older samples of a room, summed up per bucket of time and series: lowest, highest and last value. As fine as `stepFor` says; the steps grow
 * with the number of series.
 */
export class PastBuckets {
  /** By start. */
  #buckets = new Map<number, Bucket>();
  #stepMs: number;

  constructor(private readonly options: { readonly ageMs: number; readonly cells: number }) {
    this.#stepMs = stepFor(1, options);
  }

  add(number: number, value: number, t: number): void {
    this.#take(number, { low: value, high: value, last: value, lastT: t });
  }

  /** Takes roll-ups in, of samples that were stored before all that are here. */
  begin(number: number, cells: Cells): void {
    for (const { min, max, last, lastT } of cells.values()) this.#take(number, { low: min, high: max, last, lastT });
  }

  forget(number: number): void {
    for (const bucket of this.#buckets.values()) bucket.forget(number);
  }

  dropBefore(time: number): void {
    for (const start of this.#buckets.keys()) if (start < time) this.#buckets.delete(start);
  }

  /**
   * Calls with the points of each wanted series, bucket by bucket. The last value of a bucket is one that the series had at that moment. Its lowest and its
   * highest, where they are wanted too and are others, stand between the bucket's start and its last.
   */
  eachPoint(wanted: ReadonlyMap<number, { readonly extremes: boolean }>, call: (number: number, t: number, value: number) => void): void {
    for (const [start, bucket] of [...this.#buckets].sort(([a], [b]) => a - b)) {
      for (const [number, { extremes }] of wanted) {
        const figures = bucket.figures(number);
        if (!figures) continue;
        const { low, high, last, at } = figures;
        if (extremes && low !== last && at > 2) call(number, start + Math.floor(at / 3), low);
        if (extremes && high !== last && at > 2) call(number, start + Math.floor((2 * at) / 3), high);
        call(number, start + at, last);
      }
    }
  }

  #take(number: number, figures: Figures): void {
    const fitting = stepFor(number + 1, this.options);
    if (fitting > this.#stepMs) this.#lengthen(fitting);
    const start = bucketOf(figures.lastT, this.#stepMs);
    const bucket = this.#buckets.get(start) ?? new Bucket();
    this.#buckets.set(start, bucket);
    bucket.add(number, figures, figures.lastT - start);
  }

  #lengthen(stepMs: number): void {
    const finer = this.#buckets;
    this.#buckets = new Map();
    this.#stepMs = stepMs;
    for (const [start, bucket] of finer) {
      const at = bucketOf(start, stepMs);
      const longer = this.#buckets.get(at) ?? new Bucket();
      this.#buckets.set(at, longer);
      bucket.addTo(longer, start - at);
    }
  }
}

/** Figures of all series of one bucket, in columns by the series' number. */
class Bucket {
  #low = new Float64Array();
  #high = new Float64Array();
  /** NaN: the series has no sample. */
  #last = new Float64Array();
  /** Milliseconds from the bucket's start to the last sample; a bucket is a minute at most. */
  #at = new Uint16Array();

  add(number: number, { low, high, last }: Omit<Figures, 'lastT'>, at: number): void {
    if (number >= this.#last.length) this.#grow(number + 1);
    const known = !Number.isNaN(this.#last[number] ?? Number.NaN);
    this.#low[number] = known ? Math.min(this.#low[number] ?? low, low) : low;
    this.#high[number] = known ? Math.max(this.#high[number] ?? high, high) : high;
    if (known && at < (this.#at[number] ?? 0)) return;
    this.#last[number] = last;
    this.#at[number] = at;
  }

  figures(number: number): { low: number; high: number; last: number; at: number } | undefined {
    const last = this.#last[number] ?? Number.NaN;
    if (Number.isNaN(last)) return undefined;
    return { low: this.#low[number] ?? last, high: this.#high[number] ?? last, last, at: this.#at[number] ?? 0 };
  }

  /** @param offset milliseconds from the other's start to this one's */
  addTo(longer: Bucket, offset: number): void {
    for (let number = this.#last.length - 1; number >= 0; number--) {
      const figures = this.figures(number);
      if (figures) longer.add(number, figures, offset + figures.at);
    }
  }

  forget(number: number): void {
    if (number < this.#last.length) this.#last[number] = Number.NaN;
  }

  #grow(atLeast: number): void {
    const length = Math.max(atLeast, Math.ceil(this.#last.length * 1.25), 16);
    const copy = <Column extends Float64Array | Uint16Array>(column: Column, longer: Column): Column => {
      longer.set(column);
      return longer;
    };
    this.#low = copy(this.#low, new Float64Array(length));
    this.#high = copy(this.#high, new Float64Array(length));
    this.#last = copy(this.#last, new Float64Array(length).fill(Number.NaN));
    this.#at = copy(this.#at, new Uint16Array(length));
  }
}
