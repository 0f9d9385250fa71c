import type { ItemBudget } from './budget.js';
import { arrayOf, numberOf, numbersOf, objectOf, readAttributes, textOf } from './json-values.js';
import type { ExponentialBuckets, ExponentialData, HistogramData, Metric, MetricData, Point, SummaryData, UnreadList } from './model.js';
import { PointAttributes } from './point-attributes.js';
import { NO_RECORDED_VALUE } from './protobuf-points.js';

type Json = Readonly<Record<string, unknown>>;

function readPoint<Data>(json: unknown, readData: (point: Json) => Data): Point<Data> {
  const point = objectOf(json, 'a data point');
  return {
    attributes: new PointAttributes(readAttributes(point.attributes)),
    startNs: numberOf(point.startTimeUnixNano, 'startTimeUnixNano') ?? 0,
    timeNs: numberOf(point.timeUnixNano, 'timeUnixNano') ?? 0,
    recorded: ((numberOf(point.flags, 'flags') ?? 0) & NO_RECORDED_VALUE) === 0,
    data: readData(point),
  };
}

const readNumber = (point: Json): number => numberOf(point.asDouble, 'asDouble') ?? numberOf(point.asInt, 'asInt') ?? 0;

const readHistogram = (point: Json): HistogramData => ({
  count: numberOf(point.count, 'count') ?? 0,
  sum: numberOf(point.sum, 'sum'),
  bounds: numbersOf(point.explicitBounds, 'explicitBounds'),
  counts: numbersOf(point.bucketCounts, 'bucketCounts'),
});

function readBuckets(json: unknown, what: string): ExponentialBuckets {
  const buckets = objectOf(json, what);
  return { offset: numberOf(buckets.offset, 'offset') ?? 0, counts: numbersOf(buckets.bucketCounts, 'bucketCounts') };
}

const readExponential = (point: Json): ExponentialData => ({
  count: numberOf(point.count, 'count') ?? 0,
  sum: numberOf(point.sum, 'sum'),
  scale: numberOf(point.scale, 'scale') ?? 0,
  zeroCount: numberOf(point.zeroCount, 'zeroCount') ?? 0,
  zeroThreshold: numberOf(point.zeroThreshold, 'zeroThreshold') ?? 0,
  positive: readBuckets(point.positive, 'positive'),
  negative: readBuckets(point.negative, 'negative'),
});

const readSummary = (point: Json): SummaryData => ({
  count: numberOf(point.count, 'count') ?? 0,
  sum: numberOf(point.sum, 'sum') ?? 0,
  quantiles: arrayOf(point.quantileValues, 'quantileValues').map((json) => {
    const { quantile, value } = objectOf(json, 'a quantile');
    return { quantile: numberOf(quantile, 'quantile') ?? 0, value: numberOf(value, 'value') ?? 0 };
  }),
});

/** What a list of points and its fellows become. */
function readPoints<Data>(json: unknown, budget: ItemBudget, readData: (point: Json) => Data) {
  const fields = objectOf(json, 'the data of a metric');
  const points = arrayOf(fields.dataPoints, 'dataPoints');
  budget.spend(points.length);
  const unread: UnreadList<Point<Data>> = { length: points.length, read: (at) => readPoint(points[at], readData) };
  return {
    points: unread,
    temporality: numberOf(fields.aggregationTemporality, 'aggregationTemporality') ?? 0,
    monotonic: fields.isMonotonic === true,
  };
}

function readData(metric: Json, budget: ItemBudget): MetricData {
  if (metric.sum) return { kind: 'sum', ...readPoints(metric.sum, budget, readNumber) };
  if (metric.histogram) return { kind: 'histogram', ...readPoints(metric.histogram, budget, readHistogram) };
  if (metric.exponentialHistogram) return { kind: 'exponential', ...readPoints(metric.exponentialHistogram, budget, readExponential) };
  if (metric.summary) return { kind: 'summary', points: readPoints(metric.summary, budget, readSummary).points };
  return { kind: 'gauge', points: readPoints(metric.gauge, budget, readNumber).points };
}

/** A Metric; its points are read later. @throws HubError `invalid`, `too_large` past the budget */
export function readJsonMetric(json: unknown, budget: ItemBudget): Metric {
  const metric = objectOf(json, 'a metric');
  return { name: textOf(metric.name, 'name'), unit: textOf(metric.unit, 'unit'), data: readData(metric, budget) };
}
