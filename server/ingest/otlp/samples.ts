import { HubError } from '../../../shared/errors.js';
import { addExponential, addHistogram, checkHistogram, type SparseExponential, toHistogram, toSparse } from './buckets.js';
import { prometheusName } from './metric-name.js';
import { type HistogramData, type Metric, type Point, type SummaryData, TEMPORALITY, type UnreadList } from './model.js';
import type { OwnLabel, PointSeries } from './series.js';
import type { Adder, Delta, DeltaTotals } from './totals.js';

/** Where the series of a point stand. */
export interface SeriesPlace {
  readonly room: string;
  readonly series: PointSeries;
  readonly totals: DeltaTotals;
}

/** A value, what its series adds to the metric's name, and a label of its own. */
export type NamedValue = readonly [value: number, suffix: string, label?: OwnLabel];

/** What a point says, and when: deltas as the total that they lead to. */
export interface PointValues {
  readonly timeNs: number;
  readonly values: readonly NamedValue[];
}

const SUM: Adder<number> = { add: (total, delta) => total + delta, size: () => 1 };
const HISTOGRAM: Adder<HistogramData> = { add: addHistogram, size: ({ counts }) => 2 * counts.length };
const EXPONENTIAL: Adder<SparseExponential> = {
  add: addExponential,
  size: ({ positive, negative }) => 10 + 5 * (positive.size + negative.size),
};

/** The name of a metric's series, without what buckets and sums add to it. @throws HubError `invalid` */
export function metricName({ name, unit, data }: Metric): string {
  const counter = data.kind === 'sum' && data.monotonic;
  const text = prometheusName({ name, unit, as: counter ? 'counter' : data.kind === 'gauge' ? 'gauge' : 'other' });
  if (text === '') throw new HubError('invalid', 'a metric has no name');
  return text;
}

/** The points of a metric, to be told one by one. */
export function pointsOf({ data }: Metric): UnreadList<ReadPoint> {
  switch (data.kind) {
    case 'gauge':
      return readAs(data.points, finite, (point) => ({ timeNs: point.timeNs, values: number(point.data) }));
    case 'sum':
      return readAs(data.points, finite, totalled(data.temporality, SUM, number));
    case 'histogram':
      return readAs(data.points, checked, totalled(data.temporality, HISTOGRAM, histogram));
    case 'exponential':
      return readAs(data.points, sparse, totalled(data.temporality, EXPONENTIAL, exponential));
    case 'summary':
      return readAs(data.points, unchecked, (point) => ({ timeNs: point.timeNs, values: summary(point.data) }));
  }
}

/** A point that was read and checked, still without its place. */
export interface ReadPoint {
  readonly point: Point<unknown>;
  /** @throws HubError `invalid` for an unknown temporality, `too_large` when no total can be kept */
  readonly valuesAt: (place: SeriesPlace) => PointValues;
}

type Tell<Data> = (point: Point<Data>, place: SeriesPlace) => PointValues;

const readAs = <Raw, Data>(
  points: UnreadList<Point<Raw>>,
  check: (point: Point<Raw>) => Point<Data>,
  tell: Tell<Data>,
): UnreadList<ReadPoint> => ({
  length: points.length,
  read: (at) => {
    const point = check(points.read(at));
    return { point, valuesAt: (place) => tell(point, place) };
  },
});

/** Tells a sum or a histogram as the total that it is or leads to. */
function totalled<Data>(temporality: number, adder: Adder<Data>, name: (data: Data) => readonly NamedValue[]): Tell<Data> {
  return (point, { room, series, totals }) => {
    if (temporality !== TEMPORALITY.cumulative && temporality !== TEMPORALITY.delta)
      throw new HubError('invalid', 'the aggregation temporality is neither delta nor cumulative');
    const total: Delta<Data> = temporality === TEMPORALITY.cumulative ? point : totals.add(room, series.text(''), point, adder);
    return { timeNs: total.timeNs, values: name(total.data) };
  };
}

const number = (value: number): NamedValue[] => [[value, '']];

function histogram({ count, sum, bounds, counts }: HistogramData): NamedValue[] {
  let below = 0;
  const buckets = bounds.map((bound, i): NamedValue => {
    below += counts[i] ?? 0;
    return [below, '_bucket', ['le', String(bound)]];
  });
  const all: NamedValue[] = [...buckets, [count, '_bucket', ['le', '+Inf']], [count, '_count']];
  return sum === undefined ? all : [...all, [sum, '_sum']];
}

const exponential = (data: SparseExponential): NamedValue[] => histogram(toHistogram(data));

function summary({ count, sum, quantiles }: SummaryData): NamedValue[] {
  // A quantile of nothing is not a number: it has no value to show.
  const known = quantiles.filter(({ value }) => Number.isFinite(value));
  return [...known.map(({ quantile, value }): NamedValue => [value, '', ['quantile', String(quantile)]]), [count, '_count'], [sum, '_sum']];
}

function finite(point: Point<number>): Point<number> {
  if (!Number.isFinite(point.data)) throw new HubError('invalid', 'the value is no finite number');
  return point;
}

function checked(point: Point<HistogramData>): Point<HistogramData> {
  checkHistogram(point.data);
  return point;
}

const unchecked = <Data>(point: Point<Data>): Point<Data> => point;

const sparse = ({ data, ...point }: Point<Parameters<typeof toSparse>[0]>): Point<SparseExponential> => ({
  ...point,
  data: toSparse(data),
});
