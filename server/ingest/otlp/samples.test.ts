import { expect, test } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.js';
import type { Metric, MetricData, Point, UnreadList } from './model.js';
import { PointAttributes } from './point-attributes.js';
import { metricName, pointsOf } from './samples.js';
import { KnownSeries } from './series.js';
import { DeltaTotals } from './totals.js';

const NONE = new PointAttributes([]);
const DELTA = 1;
const CUMULATIVE = 2;
const point = <Data>(data: Data, startNs = 0, timeNs = startNs + 10): Point<Data> => {
  return { attributes: NONE, startNs, timeNs, recorded: true, data };
};
const unread = <Data>(...points: Point<Data>[]): UnreadList<Point<Data>> => ({ length: points.length, read: (at) => points[at]! });

/** What the points of a metric become, in series of the labels `{a="b"}`. */
function valuesOf(data: MetricData, given: Partial<Metric> = {}) {
  const totals = new DeltaTotals({ clock: new ManualClock() });
  const metric: Metric = { name: 'm', unit: '', ...given, data };
  const origin = { key: 'm', name: metricName(metric), labels: { a: 'b' } };
  const series = new KnownSeries().of(origin)(NONE);
  const points = pointsOf(metric);
  return Array.from({ length: points.length }, (_, at) => {
    const { timeNs, values } = points.read(at).valuesAt({ room: 'metrics:r', series, totals });
    return { timeNs, values: Object.fromEntries(values.map(([value, suffix, label]) => [series.text(suffix, label), value])) };
  });
}

test('a gauge is its value', () => {
  expect(valuesOf({ kind: 'gauge', points: unread(point(1.5), point(2, 10)) }, { unit: 's' })).toEqual([
    { timeNs: 10, values: { 'm_seconds{a="b"}': 1.5 } },
    { timeNs: 20, values: { 'm_seconds{a="b"}': 2 } },
  ]);
});

test('a sum is what it is when it is cumulative, and adds up when it comes in deltas', () => {
  const points = unread(point(3), point(4, 10));
  const values = (temporality: number, monotonic: boolean) =>
    valuesOf({ kind: 'sum', points, temporality, monotonic }).map(({ values: of }) => Object.entries(of)[0]);
  expect(values(CUMULATIVE, true)).toEqual([
    ['m_total{a="b"}', 3],
    ['m_total{a="b"}', 4],
  ]);
  expect(values(DELTA, true)).toEqual([
    ['m_total{a="b"}', 3],
    ['m_total{a="b"}', 7],
  ]);
  expect(values(DELTA, false)).toEqual([
    ['m{a="b"}', 3],
    ['m{a="b"}', 7],
  ]);
});

const histogram = { count: 6, sum: 12, bounds: [1, 2.5], counts: [1, 2, 3] };
const asSeries = {
  'm_bucket{a="b",le="1"}': 1,
  'm_bucket{a="b",le="2.5"}': 3,
  'm_bucket{a="b",le="+Inf"}': 6,
  'm_count{a="b"}': 6,
  'm_sum{a="b"}': 12,
};
const doubled = Object.fromEntries(Object.entries(asSeries).map(([series, value]) => [series, 2 * value]));

test('a histogram is its buckets up to each bound, its count and its sum; deltas add up', () => {
  const points = unread(point(histogram), point(histogram, 10));
  const values = (temporality: number) => valuesOf({ kind: 'histogram', points, temporality }).map(({ values: of }) => of);
  expect(values(CUMULATIVE)).toEqual([asSeries, asSeries]);
  expect(values(DELTA)).toEqual([asSeries, doubled]);
});

test('a histogram without buckets or sum has none', () => {
  const empty = { count: 2, bounds: [], counts: [] };
  expect(valuesOf({ kind: 'histogram', points: unread(point(empty)), temporality: CUMULATIVE })[0]?.values).toEqual({
    'm_bucket{a="b",le="+Inf"}': 2,
    'm_count{a="b"}': 2,
  });
});

test('an exponential histogram is the same with the bounds of its scale; deltas of different ranges add up', () => {
  const exponential = (offset: number, counts: number[]) => ({
    count: counts.reduce((sum, count) => sum + count, 1),
    sum: 10,
    scale: 0,
    zeroCount: 1,
    zeroThreshold: 0,
    positive: { offset, counts },
    negative: { offset: 0, counts: [] },
  });
  const points = unread(point(exponential(0, [1, 2])), point(exponential(2, [4]), 10));
  const [first, second] = valuesOf({ kind: 'exponential', points, temporality: DELTA }).map(({ values }) => values);
  expect(first).toEqual({
    'm_bucket{a="b",le="0"}': 1,
    'm_bucket{a="b",le="2"}': 2,
    'm_bucket{a="b",le="4"}': 4,
    'm_bucket{a="b",le="+Inf"}': 4,
    'm_count{a="b"}': 4,
    'm_sum{a="b"}': 10,
  });
  expect(second).toEqual({
    'm_bucket{a="b",le="0"}': 2,
    'm_bucket{a="b",le="2"}': 3,
    'm_bucket{a="b",le="4"}': 5,
    'm_bucket{a="b",le="8"}': 9,
    'm_bucket{a="b",le="+Inf"}': 9,
    'm_count{a="b"}': 9,
    'm_sum{a="b"}': 20,
  });
});

test('a summary is its quantiles, its count and its sum; a quantile of nothing is left out', () => {
  const quantiles = [
    { quantile: 0.5, value: 1.5 },
    { quantile: 0.99, value: Number.NaN },
  ];
  expect(valuesOf({ kind: 'summary', points: unread(point({ count: 2, sum: 3, quantiles })) })[0]?.values).toEqual({
    'm{a="b",quantile="0.5"}': 1.5,
    'm_count{a="b"}': 2,
    'm_sum{a="b"}': 3,
  });
});

test('a delta that is no number gets into no total', () => {
  const points = pointsOf({
    name: 'm',
    unit: '',
    data: { kind: 'sum', points: unread(point(Number.NaN)), temporality: DELTA, monotonic: true },
  });
  expect(() => points.read(0)).toThrow(expect.objectContaining({ code: 'invalid' }));
});

test('a temporality that is neither, and a metric without a name, are refused', () => {
  const invalid = expect.objectContaining({ code: 'invalid' });
  expect(() => valuesOf({ kind: 'sum', points: unread(point(1)), temporality: 0, monotonic: true })).toThrow(invalid);
  expect(() => valuesOf({ kind: 'gauge', points: unread() }, { name: '' })).toThrow(invalid);
});
