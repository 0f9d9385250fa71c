import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { align, between, thin } from './align.js';
import { SeriesBuffer } from './series-buffer.js';

test('values stand in order of time whatever their order of arrival, the later one of a moment counts', () => {
  const buffer = new SeriesBuffer(1000, 100);
  for (const [t, value] of [
    [10, 1],
    [30, 3],
    [20, 2],
    [30, 33],
    [5, 0],
  ] as const)
    buffer.put(t, value);
  expect([buffer.t, buffer.v]).toEqual([
    [5, 10, 20, 30],
    [0, 1, 2, 33],
  ]);
});

test('a buffer keeps a span of time and a number of values, and holds a tenth more at most', () => {
  const buffer = new SeriesBuffer(10_000, 100);
  for (let t = 0; t < 5000; t++) buffer.put(t, t);
  expect(buffer.t.length).toBeLessThanOrEqual(110);
  expect(buffer.t.at(-1)).toBe(4999);
  for (let t = 5000; t < 100_000; t += 1000) buffer.put(t, t);
  expect(buffer.t[0]).toBeGreaterThanOrEqual(99_000 - 10_000 - 10_000);
});

test('columns share one axis: a series without a value at a time goes on, one that paused is broken', () => {
  const steady = { t: [0, 1000, 2000, 3000, 20_000], v: [1, 2, 3, 4, 5] };
  const other = { t: [500, 1000], v: [7, 8] };
  expect(align([steady, other])).toEqual([
    [0, 0.5, 1, 2, 3, 11.5, 20],
    [1, undefined, 2, 3, 4, null, 5],
    [undefined, 7, 8, undefined, undefined, undefined, undefined],
  ]);
  expect(align([])).toEqual([[]]);
});

test('a past in buckets is no pause, a pause behind it is one', () => {
  const buckets = [0, 10_000, 20_000, 30_000];
  const live = Array.from({ length: 40 }, (_, i) => 40_000 + 1_000 * i);
  const later = [100_000, 101_000];
  const t = [...buckets, ...live, ...later];
  const [times, values] = align([{ t, v: t.map(() => 1) }]);
  expect(times.filter((_, i) => values![i] === null)).toEqual([89.5]);
});

test('a cut keeps the value before its start and nothing after its end', () => {
  const points = { t: [0, 1000, 2000, 3000], v: [0, 1, 2, 3] };
  expect(between(points, 1500, 2500)).toEqual({ t: [1000, 2000], v: [1, 2] });
  expect(between(points, 0, 3000)).toEqual(points);
});

test('no value is lost or moved by aligning', () => {
  const points = fc
    .uniqueArray(fc.integer({ min: 0, max: 4000 }), { maxLength: 40 })
    .map((times) => times.sort((a, b) => a - b))
    .map((t) => ({ t, v: t.map((time) => time * 2) }));
  fc.assert(
    fc.property(fc.array(points, { maxLength: 5 }), (series) => {
      const [times, ...columns] = align(series);
      expect(times).toEqual([...new Set(series.flatMap(({ t }) => t))].sort((a, b) => a - b).map((t) => t / 1000));
      columns.forEach((column, i) => {
        const found = times.flatMap((time, at) => (column[at] === undefined ? [] : [[Math.round(time * 1000), column[at]]]));
        expect(found).toEqual(series[i]!.t.map((t, at) => [t, series[i]!.v[at]]));
      });
    }),
  );
});

test('thinned series keep their spikes and end with their newest value, and never have more than one value for a tick', () => {
  const t = Array.from({ length: 1000 }, (_, i) => 10_000 + i);
  const v = t.map((time) => (time === 10_503 || time === 10_950 ? 99 : time === 10_999 ? 2 : 1));
  const thinned = thin({ t, v }, 100);
  expect(thinned.t).toEqual(Array.from({ length: 10 }, (_, i) => 10_000 + 100 * i));
  expect(thinned.v).toEqual([1, 1, 1, 1, 1, 99, 1, 1, 1, 2]);
  expect(thin({ t, v }, 1)).toEqual({ t, v });
});
