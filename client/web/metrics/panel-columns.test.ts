import { expect, test } from '@jest/globals';
import { between } from './align.js';
import type { PanelSpec } from './dashboard.js';
import { lineValue } from './line-value.js';
import { columnsOf, rises } from './panel-columns.js';
import { panelOf } from './panels.js';
import type { Points } from './series-buffer.js';
import { SeriesIndex } from './series-index.js';
import { stacked } from './stack.js';

const RANGE = { from: 10_000, to: 14_000 };
const everySecond = (...v: number[]): Points => ({ t: v.map((_, i) => 10_000 + i * 1000), v });

function columns(spec: Partial<PanelSpec>, series: Readonly<Record<string, Points>>, tickMs = 1) {
  const panel = panelOf(new SeriesIndex(Object.keys(series)), { title: 'P', kind: 'line', queries: [], ...spec }, 'p');
  const points = (name: string, { from, to }: typeof RANGE) => between(series[name] ?? { t: [], v: [] }, from, to);
  return columnsOf(panel, points, RANGE, tickMs);
}

test('a counter is what it rises by in a second, also when it starts anew', () => {
  expect(rises({ t: [0, 1000, 3000, 4000], v: [5, 7, 17, 3] })).toEqual({ t: [1000, 3000, 4000], v: [2, 5, 3] });
  expect(columns({ queries: [{ series: 'c', rate: true }] }, { c: everySecond(1, 3, 6) })).toEqual([
    [11, 12],
    [2, 3],
  ]);
});

test('a counter rises as fast however coarsely it is drawn', () => {
  const t = Array.from({ length: 40 }, (_, i) => 10_000 + i * 100 + (i % 3) * 20);
  const counter = { c: { t, v: t.map((time) => time * 3) } };
  const [, rate] = columns({ queries: [{ series: 'c', rate: true }] }, counter, 700);
  expect(rate!.length).toBe(5);
  for (const value of rate!) expect(value).toBeCloseTo(3000, 6);
});

test('a share is of the series with the same labels, and the rest is what is missing to 1', () => {
  const series = { 'free{disk="a"}': everySecond(25, 50), 'size{disk="a"}': everySecond(100, 100), 'size{disk="b"}': everySecond(1, 1) };
  const [, used] = columns({ queries: [{ series: 'free', of: 'size', rest: true }] }, series);
  expect(used).toEqual([0.75, 0.5]);
});

test('series are made one by sum, mean or highest, each with its last value where it has none', () => {
  const series = { 'a{n="1"}': everySecond(1, 2, 3), 'a{n="2"}': { t: [10_000, 12_000], v: [10, 30] } };
  const combined = (combine: 'sum' | 'avg' | 'max') => columns({ queries: [{ series: 'a' }], combine }, series)[1];
  expect(combined('sum')).toEqual([11, 12, 33]);
  expect(combined('avg')).toEqual([5.5, 6, 16.5]);
  expect(combined('max')).toEqual([10, 10, 30]);
});

test('a bucket of a heatmap holds what is not in those below it, of all series of the histogram', () => {
  const bucket = (le: string, n: number, ...v: number[]) => [`took_bucket{le="${le}",n="${n}"}`, everySecond(...v)] as const;
  const series = Object.fromEntries([bucket('+Inf', 1, 0, 10), bucket('1', 1, 0, 4), bucket('1', 2, 0, 1), bucket('+Inf', 2, 0, 1)]);
  expect(columns({ kind: 'heatmap', queries: [{ series: 'took_bucket', rate: true }] }, series)).toEqual([[11], [5], [6]]);
});

test('stacked columns stand on those that are shown', () => {
  const three = [
    [1, 2],
    [1, 1],
    [5, undefined],
    [2, 3],
  ] as Parameters<typeof stacked>[0];
  expect(stacked(three, [true, true, true])).toEqual([
    [1, 2],
    [1, 1],
    [6, 6],
    [8, 9],
  ]);
  expect(stacked(three, [true, false, true])[3]).toEqual([3, 4]);
});

test('a line that fell silent has no newest value, but one under the cursor', () => {
  const times = Array.from({ length: 31 }, (_, i) => i);
  const silent = times.map((time) => (time === 0 ? 7 : undefined));
  expect([lineValue([times, silent], 0, null), lineValue([times, silent], 0, 20), lineValue([times, [1, null]], 0, 1)]).toEqual([
    undefined,
    7,
    undefined,
  ]);
});
