import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { downsample } from './downsample.js';

const series = fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 3_000 });

test('few points are all kept', () => {
  expect(downsample({ t: [1, 2, 3], values: [5, 1, 9] }, 3)).toEqual([0, 1, 2]);
});

test('a spike of one point among many survives', () => {
  const values = Array(10_000).fill(1);
  values[4_321] = 99;
  values[7_777] = -99;
  const kept = downsample({ t: [], values }, 600);
  expect(kept).toEqual(expect.arrayContaining([4_321, 7_777]));
});

test('what is kept is bounded, ascending, of the series, and has its ends, its lowest and its highest', () => {
  fc.assert(
    fc.property(series, fc.integer({ min: 4, max: 700 }), (values, limit) => {
      const kept = downsample({ t: [], values }, limit);
      expect(kept.length).toBeLessThanOrEqual(limit);
      expect(kept.length).toBeGreaterThan(0);
      expect([kept[0], kept.at(-1)]).toEqual([0, values.length - 1]);
      expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
      const chosen = kept.map((i) => values[i] as number);
      expect(chosen.reduce((a, b) => Math.min(a, b))).toBe(values.reduce((a, b) => Math.min(a, b)));
      expect(chosen.reduce((a, b) => Math.max(a, b))).toBe(values.reduce((a, b) => Math.max(a, b)));
    }),
  );
});
