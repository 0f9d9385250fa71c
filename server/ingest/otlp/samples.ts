import { HubError } from '../../../shared/errors.js';
import { addExponential, addHistogram, checkHistogram, type SparseExponential, toHistogram, toSparse } from './buckets.js';
import { prometheusName } from './metric-name.js';
import { type HistogramData, type Metric, type Point, type SummaryData, TEMPORALITY } from './model.js';
import type { OwnLabel, PointSeries } from './series.js';
import type { Adder, Delta, DeltaTotals } from './totals.js';

/** Where the series of a point stand. */
export interface SeriesPlace {
  readonly room: string;
  readonly series: PointSeries;
  readonly totals: DeltaTotals;
}

/** A value of one of the series of a point. */
export interface PointValue {
  readonly series: string;
  readonly value: number;
}

/** What a point says, and when: deltas as the total that they lead to. */
export interface PointValues {
  readonly timeNs: number;
  readonly values: readonly PointValue[];
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

/** What there is to tell of a metric's points, in order: each is read, checked and named when it is called. */
export function pointReaders({ data }: Metric): readonly (() => ReadPoint)[] {
  switch (data.kind) {
    case 'gauge':
      return data.points.map((read) => () => ofPoint(finite(read()), (point) => ({ timeNs: point.timeNs, values: number(point.data) })));
    case 'sum':
      return data.points.map((read) => () => ofPoint(finite(read()), totalled(data.temporality, SUM, number)));
    case 'histogram':
      return data.points.map((read) => () => ofPoint(checked(read()), totalled(data.temporality, HISTOGRAM, histogram)));
    case 'exponential':
      return data.points.map((read) => () => ofPoint(sparse(read()), totalled(data.temporality, EXPONENTIAL, exponential)));
    case 'summary':
      return data.points.map((read) => () => ofPoint(read(), (point) => ({ timeNs: point.timeNs, values: summary(point.data) })));
  }
}

/** A point that was read, still without its place. */
export interface ReadPoint {
  readonly point: Point<unknown>;
  /** @throws HubError `invalid` for an unknown temporality, `too_large` when no total can be kept */
  readonly valuesAt: (place: SeriesPlace) => PointValues;
}

/** A value, what it adds to the metric's name, and a label of its own. */
type Named = readonly [value: number, suffix: string, label?: OwnLabel];
type NamedAt = { readonly timeNs: number; readonly values: readonly Named[] };
type Tell<Data> = (point: Point<Data>, place: SeriesPlace) => NamedAt;

function ofPoint<Data>(point: Point<Data>, tell: Tell<Data>): ReadPoint {
  const valuesAt = (place: SeriesPlace): PointValues => {
    const { timeNs, values } = tell(point, place);
    return { timeNs, values: values.map(([value, suffix, label]) => ({ series: place.series.text(suffix, label), value })) };
  };
  return { point, valuesAt };
}

/** Tells a sum or a histogram as the total that it is or leads to. */
function totalled<Data>(temporality: number, adder: Adder<Data>, name: (data: Data) => readonly Named[]): Tell<Data> {
  return (point, { room, series, totals }) => {
    if (temporality !== TEMPORALITY.cumulative && temporality !== TEMPORALITY.delta)
      throw new HubError('invalid', 'the aggregation temporality is neither delta nor cumulative');
    const total: Delta<Data> = temporality === TEMPORALITY.cumulative ? point : totals.add(room, series.text(''), point, adder);
    return { timeNs: total.timeNs, values: name(total.data) };
  };
}

const number = (value: number): Named[] => [[value, '']];

function histogram({ count, sum, bounds, counts }: HistogramData): Named[] {
  let below = 0;
  const buckets = bounds.map((bound, i): Named => {
    below += counts[i] ?? 0;
    return [below, '_bucket', ['le', String(bound)]];
  });
  const all: Named[] = [...buckets, [count, '_bucket', ['le', '+Inf']], [count, '_count']];
  return sum === undefined ? all : [...all, [sum, '_sum']];
}

const exponential = (data: SparseExponential): Named[] => histogram(toHistogram(data));

function summary({ count, sum, quantiles }: SummaryData): Named[] {
  // A quantile of nothing is not a number: it has no value to show.
  const known = quantiles.filter(({ value }) => Number.isFinite(value));
  return [...known.map(({ quantile, value }): Named => [value, '', ['quantile', String(quantile)]]), [count, '_count'], [sum, '_sum']];
}

function finite(point: Point<number>): Point<number> {
  if (!Number.isFinite(point.data)) throw new HubError('invalid', 'the value is no finite number');
  return point;
}

function checked(point: Point<HistogramData>): Point<HistogramData> {
  checkHistogram(point.data);
  return point;
}

const sparse = ({ data, ...point }: Point<Parameters<typeof toSparse>[0]>): Point<SparseExponential> => ({
  ...point,
  data: toSparse(data),
});
