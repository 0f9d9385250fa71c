import type { PbfReader } from 'pbf';
import { HubError } from '../../../shared/errors.js';
import { type ReadField, readProtobuf } from '../protobuf.js';
import { type ItemBudget, pushBounded } from './budget.js';
import type {
  ExponentialBuckets,
  ExponentialData,
  HistogramData,
  Metric,
  MetricData,
  OtlpValue,
  Point,
  SummaryData,
  Unread,
} from './model.js';
import { readPair } from './protobuf-values.js';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

interface PointSlot<Data> {
  readonly attributes: (readonly [string, OtlpValue])[];
  startNs: number;
  timeNs: number;
  recorded: boolean;
  data: Data;
}

/** The fields of a point that have another number in each kind; start and time are 2 and 3 in all of them. */
interface PointShape<Data> {
  readonly attributes: number;
  readonly flags: number;
  readonly empty: () => Data;
  readonly read: (field: number, slot: PointSlot<Data>, reader: PbfReader) => void;
}

/** The flag of a point without a value. Source: `DataPointFlags` in metrics.proto. */
export const NO_RECORDED_VALUE = 1;

function pointReader<Data>({ attributes, flags, empty, read }: PointShape<Data>): (bytes: Uint8Array) => Point<Data> {
  const readField: ReadField<PointSlot<Data>> = (field, slot, reader) => {
    if (field === attributes) pushBounded(slot.attributes, readPair(reader));
    else if (field === 2) slot.startNs = reader.readFixed64();
    else if (field === 3) slot.timeNs = reader.readFixed64();
    else if (field === flags) slot.recorded = (reader.readVarint() & NO_RECORDED_VALUE) === 0;
    else read(field, slot, reader);
  };
  return (bytes) => readProtobuf(bytes, readField, { attributes: [], startNs: 0, timeNs: 0, recorded: true, data: empty() });
}

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
function boundedPart(reader: PbfReader, numbers: readonly number[]): PbfReader {
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

interface PointsSlot<Data> {
  readonly points: Unread<Point<Data>>[];
  temporality: number;
  monotonic: boolean;
}

function readPoints<Data>(reader: PbfReader, budget: ItemBudget, readPoint: (bytes: Uint8Array) => Point<Data>): PointsSlot<Data> {
  const readField: ReadField<PointsSlot<Data>> = (field, slot) => {
    if (field === 1) {
      const bytes = reader.readBytes();
      budget.spend();
      slot.points.push(() => readPoint(bytes));
    } else if (field === 2) slot.temporality = reader.readVarint();
    else if (field === 3) slot.monotonic = reader.readBoolean();
  };
  return reader.readMessage(readField, { points: [], temporality: 0, monotonic: false });
}

/** The data of a metric by its field in the message. */
const DATA: Readonly<Record<number, (reader: PbfReader, budget: ItemBudget) => MetricData>> = {
  5: (reader, budget) => ({ kind: 'gauge', points: readPoints(reader, budget, readNumber).points }),
  7: (reader, budget) => ({ kind: 'sum', ...readPoints(reader, budget, readNumber) }),
  9: (reader, budget) => ({ kind: 'histogram', ...readPoints(reader, budget, readHistogram) }),
  10: (reader, budget) => ({ kind: 'exponential', ...readPoints(reader, budget, readExponential) }),
  11: (reader, budget) => ({ kind: 'summary', points: readPoints(reader, budget, readSummary).points }),
};

const readMetricField: ReadField<{ readonly metric: Mutable<Metric>; readonly budget: ItemBudget }> = (
  field,
  { metric, budget },
  reader,
) => {
  if (field === 1) metric.name = reader.readString();
  else if (field === 3) metric.unit = reader.readString();
  else metric.data = DATA[field]?.(reader, budget) ?? metric.data;
};

/** A Metric; its points are read later. @throws HubError `invalid` when it is cut short, `too_large` past the budget */
export function readMetric(bytes: Uint8Array, budget: ItemBudget): Metric {
  const metric: Mutable<Metric> = { name: '', unit: '', data: { kind: 'gauge', points: [] } };
  return readProtobuf(bytes, readMetricField, { metric, budget }).metric;
}
