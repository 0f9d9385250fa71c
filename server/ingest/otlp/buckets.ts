import { HubError } from '../../../shared/errors.js';
import type { ExponentialBuckets, ExponentialData, HistogramData } from './model.js';

/** Buckets of one histogram at most: each is a series. */
const BUCKETS_MAX = 1_000;
/** Exponential buckets as they become series: two per doubling at most, and so many in all. */
const SCALE_MAX = 1;
const EXPONENTIAL_MAX = 64;
/** Powers of two that a double has. */
const EXPONENT_MIN = -1_075;
const EXPONENT_MAX = 1_024;

const invalid = (why: string) => new HubError('invalid', why);
const isCount = (value: number): boolean => Number.isFinite(value) && value >= 0;
const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

function checkSize(buckets: number): void {
  if (buckets > BUCKETS_MAX) throw new HubError('too_large', `a histogram has at most ${BUCKETS_MAX} buckets`);
}

function checkSum(sum: number | undefined): void {
  if (sum !== undefined && !Number.isFinite(sum)) throw invalid('the sum is no finite number');
}

/**
 * Holds a histogram to what it must be.
 * @throws HubError `invalid`, `too_large`
 */
export function checkHistogram({ count, sum, bounds, counts }: HistogramData): void {
  checkSum(sum);
  checkSize(Math.max(counts.length, bounds.length));
  if (!isCount(count) || !counts.every(isCount)) throw invalid('a count is no number from 0 on');
  if (counts.length !== bounds.length + 1 && (counts.length > 0 || bounds.length > 0))
    throw invalid('a histogram has one bucket more than bounds');
  if (bounds.some((bound, i) => !Number.isFinite(bound) || (i > 0 && bound <= (bounds[i - 1] ?? 0))))
    throw invalid('the bounds do not rise');
}

/** Sparse buckets at one scale: counts by index. */
type Sparse = ReadonlyMap<number, number>;

/** An exponential histogram in few enough buckets to be kept and shown. */
export interface SparseExponential {
  readonly count: number;
  readonly sum?: number | undefined;
  readonly scale: number;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positive: Sparse;
  readonly negative: Sparse;
}

/** Halves the resolution `by` times: bucket `i` goes into `i >> by`, which is exact. */
function coarser(buckets: Sparse, by: number): Sparse {
  if (by === 0) return buckets;
  const merged = new Map<number, number>();
  for (const [index, count] of buckets) {
    const into = Math.floor(index / 2 ** by);
    merged.set(into, (merged.get(into) ?? 0) + count);
  }
  return merged;
}

function toScale(data: SparseExponential, scale: number): SparseExponential {
  const by = data.scale - scale;
  return { ...data, scale, positive: coarser(data.positive, by), negative: coarser(data.negative, by) };
}

/** Buckets between the lowest and the highest that holds something, which all become series. */
const spread = (buckets: Sparse): number => (buckets.size === 0 ? 0 : Math.max(...buckets.keys()) - Math.min(...buckets.keys()) + 1);

/** Lowers the scale until the buckets are few enough. */
function bounded(data: SparseExponential): SparseExponential {
  let fitting = data.scale > SCALE_MAX ? toScale(data, SCALE_MAX) : data;
  while (spread(fitting.positive) + spread(fitting.negative) > EXPONENTIAL_MAX) fitting = toScale(fitting, fitting.scale - 1);
  return fitting;
}

function sparse({ offset, counts }: ExponentialBuckets, scale: number): Sparse {
  const filled = new Map<number, number>();
  for (const [i, count] of counts.entries()) if (count > 0) filled.set(offset + i, count);
  for (const index of filled.keys()) {
    const exponent = index / 2 ** scale;
    if (!(exponent >= EXPONENT_MIN && exponent <= EXPONENT_MAX)) throw invalid('a bucket is beyond all numbers');
  }
  return filled;
}

/**
 * An exponential histogram in at most 64 buckets, two per doubling or fewer: neighbours are merged, counts stay exact.
 * @throws HubError `invalid`, `too_large`
 */
export function toSparse({ positive, negative, ...data }: ExponentialData): SparseExponential {
  checkSum(data.sum);
  checkSize(positive.counts.length + negative.counts.length);
  if (![data.count, data.zeroCount, ...positive.counts, ...negative.counts].every(isCount)) throw invalid('a count is no number from 0 on');
  if (!Number.isInteger(data.scale) || data.scale < -10 || data.scale > 20) throw invalid('the scale is no whole number from -10 to 20');
  if (!isCount(data.zeroThreshold)) throw invalid('the zero threshold is no number');
  if (!Number.isInteger(positive.offset) || !Number.isInteger(negative.offset)) throw invalid('an offset is no whole number');
  return bounded({ ...data, positive: sparse(positive, data.scale), negative: sparse(negative, data.scale) });
}

const add = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? undefined : one + other;

function addSparse(one: Sparse, other: Sparse): Sparse {
  const sums = new Map(one);
  for (const [index, count] of other) sums.set(index, (sums.get(index) ?? 0) + count);
  return sums;
}

/** Two exponential histograms in one, at a scale that has room for both. */
export function addExponential(one: SparseExponential, other: SparseExponential): SparseExponential {
  const scale = Math.min(one.scale, other.scale);
  const [a, b] = [toScale(one, scale), toScale(other, scale)];
  return bounded({
    count: a.count + b.count,
    sum: add(a.sum, b.sum),
    scale,
    zeroCount: a.zeroCount + b.zeroCount,
    zeroThreshold: Math.max(a.zeroThreshold, b.zeroThreshold),
    positive: addSparse(a.positive, b.positive),
    negative: addSparse(a.negative, b.negative),
  });
}

/** Two histograms in one; the newer one alone when their bounds differ, as after a change of the sender's settings. */
export function addHistogram(one: HistogramData, other: HistogramData): HistogramData {
  const same = one.bounds.length === other.bounds.length && one.counts.length === other.counts.length;
  if (!same || one.bounds.some((bound, i) => bound !== other.bounds[i])) return other;
  return {
    count: one.count + other.count,
    sum: add(one.sum, other.sum),
    bounds: one.bounds,
    counts: one.counts.map((count, i) => count + (other.counts[i] ?? 0)),
  };
}

const bound = (index: number, scale: number): number => 2 ** (index / 2 ** scale);

/** Indexes of all buckets between the first and the last that holds something, lowest first. */
function indexes(buckets: Sparse): number[] {
  const first = Math.min(...buckets.keys());
  return Array.from({ length: spread(buckets) }, (_, i) => first + i);
}

/** An exponential histogram with the bounds that its buckets have. */
export function toHistogram({ count, sum, scale, zeroCount, zeroThreshold, positive, negative }: SparseExponential): HistogramData {
  const buckets: [number, number][] = indexes(negative)
    .reverse()
    .map((index) => [-bound(index, scale), negative.get(index) ?? 0]);
  const lowest = positive.size === 0 ? undefined : bound(indexes(positive)[0] ?? 0, scale);
  // What is below the first positive bucket is zero or negative: one bound stands for both.
  if (zeroCount > 0 || negative.size > 0 || lowest === undefined) buckets.push([zeroThreshold, zeroCount]);
  else buckets.push([lowest, 0]);
  for (const index of indexes(positive)) buckets.push([bound(index + 1, scale), positive.get(index) ?? 0]);
  const finite = buckets.filter(([end]) => Number.isFinite(end));
  const counted = total(finite.map(([, value]) => value));
  return { count, sum, bounds: finite.map(([end]) => end), counts: [...finite.map(([, value]) => value), Math.max(0, count - counted)] };
}
