import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addExponential, addHistogram, checkHistogram, toHistogram, toSparse } from './buckets.js';
import type { ExponentialBuckets, ExponentialData } from './model.js';

const none: ExponentialBuckets = { offset: 0, counts: [] };
const exponential = (given: Partial<ExponentialData>): ExponentialData => {
  const data = { scale: 0, zeroCount: 0, zeroThreshold: 0, positive: none, negative: none, ...given };
  const count = [data.zeroCount, ...data.positive.counts, ...data.negative.counts].reduce((sum, one) => sum + one, 0);
  return { count, sum: 0, ...data };
};
const bucketsOf = (data: ExponentialData): [number, number][] => {
  const { bounds, counts } = toHistogram(toSparse(data));
  return [...bounds, Number.POSITIVE_INFINITY].map((bound, i) => [bound, counts[i]!]);
};

test('exponential buckets get the bounds that their scale and offset give', () => {
  expect(bucketsOf(exponential({ scale: 0, positive: { offset: 0, counts: [1, 2, 0, 4] } }))).toEqual([
    [1, 0],
    [2, 1],
    [4, 2],
    [8, 0],
    [16, 4],
    [Number.POSITIVE_INFINITY, 0],
  ]);
  expect(bucketsOf(exponential({ scale: -1, positive: { offset: -1, counts: [3] } }))).toEqual([
    [0.25, 0],
    [1, 3],
    [Number.POSITIVE_INFINITY, 0],
  ]);
});

test('what is zero or negative stands below', () => {
  const negative = { offset: 0, counts: [1, 2] };
  expect(bucketsOf(exponential({ zeroCount: 5, negative, positive: { offset: 0, counts: [7] } }))).toEqual([
    [-2, 2],
    [-1, 1],
    [0, 5],
    [2, 7],
    [Number.POSITIVE_INFINITY, 0],
  ]);
  expect(bucketsOf(exponential({}))).toEqual([
    [0, 0],
    [Number.POSITIVE_INFINITY, 0],
  ]);
});

test('fine buckets are merged into the ones they lie in: two per doubling, and 64 at most', () => {
  const fine = exponential({ scale: 3, positive: { offset: 0, counts: [1, 1, 1, 1, 1, 1, 1, 1] } });
  const bounds = bucketsOf(fine).map(([bound, count]) => [Number(bound.toFixed(6)), count]);
  expect(bounds).toEqual([
    [1, 0],
    [Number(Math.SQRT2.toFixed(6)), 4],
    [2, 4],
    [Number.POSITIVE_INFINITY, 0],
  ]);
  const wide = exponential({ scale: 1, positive: { offset: -500, counts: Array.from({ length: 1_000 }, () => 1) } });
  expect(toSparse(wide).positive.size).toBeLessThanOrEqual(64);
  expect(bucketsOf(wide).length).toBeLessThanOrEqual(66);
});

const arbitrary = fc
  .record({
    scale: fc.integer({ min: -10, max: 20 }),
    zeroCount: fc.nat(100),
    positive: fc.record({ offset: fc.integer({ min: -100, max: 100 }), counts: fc.array(fc.nat(9), { maxLength: 200 }) }),
    negative: fc.record({ offset: fc.integer({ min: -100, max: 100 }), counts: fc.array(fc.nat(9), { maxLength: 200 }) }),
  })
  .map(({ scale, positive, negative, zeroCount }) => {
    // Bounds that a double can have.
    const within = (buckets: ExponentialBuckets) =>
      scale < -2 ? { offset: Math.sign(buckets.offset), counts: buckets.counts.slice(0, 1) } : buckets;
    return exponential({ scale, zeroCount, positive: within(positive), negative: within(negative) });
  });

test('however buckets are merged and added up, no value is lost and bounds rise', () => {
  fc.assert(
    fc.property(arbitrary, arbitrary, (one, other) => {
      const sum = addExponential(toSparse(one), toSparse(other));
      const { bounds, counts } = toHistogram(sum);
      expect(sum.positive.size + sum.negative.size).toBeLessThanOrEqual(64);
      expect(counts.reduce((total, count) => total + count, 0)).toBe(one.count + other.count);
      expect(bounds.every((bound, i) => i === 0 || bound > bounds[i - 1]!)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('a value is found between the bounds of its bucket, at any scale', () => {
  const value = fc.double({ min: 1e-9, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(value, fc.integer({ min: -4, max: 20 }), (given, scale) => {
      const index = Math.ceil(Math.log2(given) * 2 ** scale) - 1;
      const buckets = bucketsOf(exponential({ scale, positive: { offset: index, counts: [1] } }));
      const at = buckets.findIndex(([, count]) => count === 1);
      expect(buckets[at]![0]).toBeGreaterThanOrEqual(given * (1 - 1e-9));
      expect(buckets[at - 1]![0]).toBeLessThanOrEqual(given * (1 + 1e-9));
    }),
  );
});

test('histograms add up bucket by bucket; with other bounds the newer one stands alone', () => {
  const one = { count: 3, sum: 4, bounds: [1], counts: [1, 2] };
  expect(addHistogram(one, { count: 1, sum: 0.5, bounds: [1], counts: [1, 0] })).toEqual({
    count: 4,
    sum: 4.5,
    bounds: [1],
    counts: [2, 2],
  });
  expect(addHistogram(one, { ...one, sum: undefined }).sum).toBeUndefined();
  const other = { count: 1, sum: 0.5, bounds: [2], counts: [1, 0] };
  expect(addHistogram(one, other)).toBe(other);
});

test.each([
  ['too few buckets', { count: 1, bounds: [1, 2], counts: [1] }, 'invalid'],
  ['bounds that do not rise', { count: 1, bounds: [2, 2], counts: [1, 0, 0] }, 'invalid'],
  ['a bound that is not finite', { count: 1, bounds: [Number.NaN], counts: [1, 0] }, 'invalid'],
  ['a negative count', { count: 1, bounds: [1], counts: [-1, 2] }, 'invalid'],
  ['a sum that is not finite', { count: 1, sum: Number.NaN, bounds: [], counts: [1] }, 'invalid'],
  ['too many buckets', { count: 1, bounds: Array.from({ length: 1_001 }, (_, i) => i), counts: [] }, 'too_large'],
])('a histogram with %s is refused', (_what, data, code) => {
  expect(() => checkHistogram(data)).toThrow(expect.objectContaining({ code }));
});

test('a histogram may have no buckets at all', () => {
  expect(() => checkHistogram({ count: 2, sum: 3, bounds: [], counts: [] })).not.toThrow();
});

test.each<[string, Partial<ExponentialData>, string]>([
  ['a scale that is none', { scale: 21 }, 'invalid'],
  ['a bucket beyond all numbers', { positive: { offset: 2_000, counts: [1] } }, 'invalid'],
  ['a bucket below all numbers', { positive: { offset: -2_000, counts: [1] } }, 'invalid'],
  ['an offset that is not finite', { positive: { offset: Number.NaN, counts: [1] } }, 'invalid'],
  ['a negative count', { zeroCount: -1 }, 'invalid'],
  ['a zero threshold that is none', { zeroThreshold: Number.POSITIVE_INFINITY }, 'invalid'],
  ['too many buckets', { positive: { offset: 0, counts: new Array(1_001).fill(0) } }, 'too_large'],
])('an exponential histogram with %s is refused', (_what, given, code) => {
  expect(() => toSparse(exponential(given))).toThrow(expect.objectContaining({ code }));
});
