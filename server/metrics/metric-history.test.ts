import { expect, test } from '@jest/globals';
import { MetricHistory, type NumberedRow } from './metric-history.js';

const NOW = 1_800_000_000_000;
const history = (points = 1_000_000, cells = 60_000) => new MetricHistory({ ageMs: 300_000, points, cells });
const row = (t: number, size: number, value: number, ago?: number[]): NumberedRow => ({
  t,
  series: Array.from({ length: size }, (_, i) => i),
  values: Array(size).fill(value),
  ...(ago && { ago }),
});
const pointsOf = (past: MetricHistory, number: number, { upTo = past.count, extremes = true } = {}) => {
  const { t, values } = past.points(new Map([[number, { extremes }]]), upTo).get(number)!;
  return t.map((time, i) => [time - NOW, values[i]]);
};

test.each([3, 100])('rows of %i values come back by their own times, late ones among them', (size) => {
  const past = history();
  past.add(row(NOW - 1_000, size, 2), NOW);
  past.add(row(NOW - 5_000, size, 1), NOW);
  past.add(
    row(
      NOW,
      size,
      3,
      Array.from({ length: size }, (_, i) => (i === 1 ? 2_500 : 0)),
    ),
    NOW,
  );
  expect(pointsOf(past, 0)).toEqual([
    [-5_000, 1],
    [-1_000, 2],
    [0, 3],
  ]);
  expect(pointsOf(past, 1)).toEqual([
    [-5_000, 1],
    [-2_500, 3],
    [-1_000, 2],
  ]);
  expect(past.latest().values.slice(0, 2)).toEqual([3, 2]);
});

test('older values are in buckets, with the last of each at its time and the extremes before it; the rest as it came', () => {
  const past = history();
  const values = [5, 9, 1, 4];
  for (const [i, value] of values.entries()) past.add(row(NOW - 9_900 + i * 200, 40, value), NOW - 9_900 + i * 200);
  past.add(row(NOW - 5_000, 40, 7), NOW - 5_000);
  past.age(NOW + 49_000);
  expect(pointsOf(past, 7)).toEqual([
    [-9_900, 5],
    [-9_700, 9],
    [-9_500, 1],
    [-9_300, 4],
    [-5_000, 7],
  ]);
  past.age(NOW + 53_000);
  expect(past.inBuckets).toBe(4);
  expect(pointsOf(past, 7)).toEqual([
    [-9_767, 1],
    [-9_534, 9],
    [-9_300, 4],
    [-5_000, 7],
  ]);
  expect(pointsOf(past, 7, { extremes: false })).toEqual([
    [-9_300, 4],
    [-5_000, 7],
  ]);
  expect(pointsOf(past, 7, { upTo: 4 })).toHaveLength(3);
  past.age(NOW + 310_000);
  expect(pointsOf(past, 7)).toEqual([]);
  expect(past.latest().values[7]).toBe(7);
});

test('no more values are kept as they came than may be, the newest; older ones in longer buckets where there are many series', () => {
  const past = history(100, 1_200);
  for (let i = 0; i < 40; i++) past.add(row(NOW + i * 1_000, i < 20 ? 1 : 40, i), NOW + i * 1_000);
  expect(past.count - past.inBuckets).toBe(2);
  expect(pointsOf(past, 0, { extremes: false }).map(([t]) => t)).toEqual([9_000, 19_000, 29_000, 37_000, 38_000, 39_000]);
  expect(pointsOf(past, 0).slice(0, 4)).toEqual([
    [3_000, 0],
    [9_000, 9],
    [13_000, 10],
    [19_000, 19],
  ]);
});

test('frames that have some series in common, and not all, are told apart', () => {
  const past = history();
  const of = (t: number, numbers: number[]) => past.add({ t, series: numbers, values: numbers }, NOW);
  const upTo = (count: number, last: number) => [...Array(count).keys(), last];
  of(NOW - 3_000, upTo(40, 50));
  of(NOW - 2_000, upTo(40, 51));
  of(NOW - 1_000, upTo(41, 50));
  of(NOW, upTo(40, 50));
  expect([50, 51, 40].map((number) => pointsOf(past, number).map(([t]) => t))).toEqual([[-3_000, -1_000, 0], [-2_000], [-1_000]]);
});
