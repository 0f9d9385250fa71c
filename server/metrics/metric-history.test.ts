import { expect, test } from '@jest/globals';
import { MetricHistory, type NumberedRow } from './metric-history.js';

const NOW = 1_800_000_000_000;
const history = (points = 1_000_000) => new MetricHistory({ ageMs: 300_000, points, backfillPointsPerSeries: 600, backfillPoints: 40_000 });
const row = (t: number, size: number, value: number, ago?: number[]): NumberedRow => ({
  t,
  series: Array.from({ length: size }, (_, i) => i),
  values: Array(size).fill(value),
  ...(ago && { ago }),
});
const pointsOf = (past: MetricHistory, number: number, now = NOW) =>
  past.backfill(now).flatMap(({ t, series, values }) => (series.includes(number) ? [[t - NOW, values[series.indexOf(number)]]] : []));

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

test('what a newcomer was given goes on with what came since, and is made anew later', () => {
  const past = history();
  past.add(row(NOW, 40, 1), NOW);
  expect(pointsOf(past, 7)).toEqual([[0, 1]]);
  past.add(row(NOW + 1_000, 40, 2), NOW + 1_000);
  const both = [
    [0, 1],
    [1_000, 2],
  ];
  expect(pointsOf(past, 7, NOW + 1_000)).toEqual(both);
  past.add(row(NOW + 20_000, 40, 3), NOW + 20_000);
  expect(pointsOf(past, 7, NOW + 20_000)).toEqual([...both, [20_000, 3]]);
  expect(pointsOf(past, 7, NOW + 310_000)).toEqual([[20_000, 3]]);
});

test('no more values are kept than may be, the newest', () => {
  const past = history(100);
  for (let i = 0; i < 10; i++) past.add(row(NOW + i, 40, i), NOW + i);
  expect(pointsOf(past, 0, NOW + 10)).toEqual([
    [8, 8],
    [9, 9],
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
