import { HubError } from '../../../shared/errors.js';
import { type ProtobufReader, type ReadField, readProtobuf } from '../protobuf.js';
import type { ItemBudget } from './budget.js';
import type { ExponentialBuckets, ExponentialData, HistogramData, Metric, MetricData, SummaryData } from './model.js';
import type { KnownAttributes } from './point-attributes.js';
import { type PointSource, pointReader, readPoints } from './protobuf-points.js';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const readNumber = pointReader<number>({
  attributes: 7,
  flags: 8,
  empty: () => 0,
  read: (field, slot, reader) => {
    if (field === 4) slot.data = reader.readDouble();
    else if (field === 6) slot.data = reader.readSFixed64();
  },
});

/** Bytes of a part of the numbers of a histogram, and how many of them are read; it has far fewer than that. */
const PART_BYTES = 20_000;
const NUMBERS = 10_000;

/** Looks at how much there is to read before it is read. @throws HubError `too_large` */
function boundedPart(reader: ProtobufReader, numbers: readonly number[]): ProtobufReader {
  const start = reader.pos;
  const bytes = reader.type === 2 ? reader.readVarint() : 0;
  reader.pos = start;
  if (bytes > PART_BYTES || numbers.length > NUMBERS) throw new HubError('too_large', 'a histogram has too many buckets');
  return reader;
}

const readHistogram = pointReader<Mutable<HistogramData> & { bounds: number[]; counts: number[] }>({
  attributes: 9,
  flags: 10,
  empty: () => ({ count: 0, bounds: [], counts: [] }),
  read: (field, { data }, reader) => {
    if (field === 4) data.count = reader.readFixed64();
    else if (field === 5) data.sum = reader.readDouble();
    else if (field === 6) boundedPart(reader, data.counts).readPackedFixed64(data.counts);
    else if (field === 7) boundedPart(reader, data.bounds).readPackedDouble(data.bounds);
  },
});

interface BucketSlot extends ExponentialBuckets {
  offset: number;
  readonly counts: number[];
}

const readBucketField: ReadField<BucketSlot> = (field, buckets, reader) => {
  if (field === 1) buckets.offset = reader.readSVarint();
  else if (field === 2) boundedPart(reader, buckets.counts).readPackedVarint(buckets.counts);
};

const readExponential = pointReader<Mutable<ExponentialData> & { positive: BucketSlot; negative: BucketSlot }>({
  attributes: 1,
  flags: 10,
  empty: () => ({
    count: 0,
    scale: 0,
    zeroCount: 0,
    zeroThreshold: 0,
    positive: { offset: 0, counts: [] },
    negative: { offset: 0, counts: [] },
  }),
  read: (field, { data }, reader) => {
    if (field === 4) data.count = reader.readFixed64();
    else if (field === 5) data.sum = reader.readDouble();
    else if (field === 6) data.scale = reader.readSVarint();
    else if (field === 7) data.zeroCount = reader.readFixed64();
    else if (field === 8) reader.readMessage(readBucketField, data.positive);
    else if (field === 9) reader.readMessage(readBucketField, data.negative);
    else if (field === 14) data.zeroThreshold = reader.readDouble();
  },
});

const readQuantile: ReadField<{ quantile: number; value: number }> = (field, slot, reader) => {
  if (field === 1) slot.quantile = reader.readDouble();
  else if (field === 2) slot.value = reader.readDouble();
};

const readSummary = pointReader<Mutable<SummaryData> & { quantiles: { quantile: number; value: number }[] }>({
  attributes: 7,
  flags: 8,
  empty: () => ({ count: 0, sum: 0, quantiles: [] }),
  read: (field, { data }, reader) => {
    if (field === 4) data.count = reader.readFixed64();
    else if (field === 5) data.sum = reader.readDouble();
    else if (field === 6) data.quantiles.push(reader.readMessage(readQuantile, { quantile: 0, value: 0 }));
  },
});

/** The data of a metric by its field in the message. */
const DATA: Readonly<Record<number, (source: PointSource) => MetricData>> = {
  5: (source) => ({ kind: 'gauge', points: readPoints(source, readNumber).points }),
  7: (source) => ({ kind: 'sum', ...readPoints(source, readNumber) }),
  9: (source) => ({ kind: 'histogram', ...readPoints(source, readHistogram) }),
  10: (source) => ({ kind: 'exponential', ...readPoints(source, readExponential) }),
  11: (source) => ({ kind: 'summary', points: readPoints(source, readSummary).points }),
};

const nothing = (): never => {
  throw new RangeError('there is no point to read');
};
/** Of a metric that says nothing, or in a kind that OTLP got later. */
const NO_DATA: MetricData = { kind: 'gauge', points: { length: 0, read: nothing } };

/**
 * A Metric; its points are read later.
 * @throws HubError `invalid` when it is cut short, `too_large` past the budget
 */
export function readMetric(bytes: Uint8Array, budget: ItemBudget, attributes: KnownAttributes): Metric {
  const metric: Mutable<Metric> = { name: '', unit: '', data: NO_DATA };
  const readMetricField: ReadField<Mutable<Metric>> = (field, into, reader) => {
    if (field === 1) into.name = reader.readString();
    else if (field === 3) into.unit = reader.readString();
    else into.data = DATA[field]?.({ reader, attributes, budget }) ?? into.data;
  };
  return readProtobuf(bytes, readMetricField, metric);
}
