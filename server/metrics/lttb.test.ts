import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lttb } from './lttb.js';

const series = fc
  .array(fc.record({ gap: fc.integer({ min: 1, max: 60_000 }), value: fc.double({ min: -1e12, max: 1e12, noNaN: true }) }), {
    minLength: 1,
    maxLength: 2_000,
  })
  .map((steps) => {
    let t = 1_700_000_000_000;
    return { t: steps.map(({ gap }) => (t += gap)), values: steps.map(({ value }) => value) };
  });

test('what is kept are points of the series, as many as asked for, in order, with the first and the last', () => {
  fc.assert(
    fc.property(series, fc.integer({ min: 2, max: 700 }), (points, limit) => {
      const kept = lttb(points, limit);
      const all = points.values.length;
      expect(kept).toHaveLength(Math.min(all, limit));
      expect([kept[0], kept.at(-1)]).toEqual([0, all - 1]);
      expect(kept.every((i, at) => Number.isInteger(i) && i < all && (at === 0 || i > (kept[at - 1] ?? i)))).toBe(true);
    }),
  );
});

test('a line keeps its corners', () => {
  const values = Array.from({ length: 1_001 }, (_, i) => Math.abs(500 - i));
  values[250] = 9_000;
  const kept = lttb({ t: values.map((_, i) => i), values }, 50);
  expect(kept).toContain(250);
  expect(Math.min(...kept.map((i) => values[i] ?? 0))).toBeLessThan(10);
});
