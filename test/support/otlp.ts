import { PbfWriter } from 'pbf';

export type Json = Record<string, unknown>;
type Leaf =
  | 'text'
  | 'bool'
  | 'varint'
  | 'svarint'
  | 'fixed64'
  | 'fixed32'
  | 'double'
  | 'hex'
  | 'base64'
  | 'fixed64s'
  | 'varints'
  | 'doubles';
interface Message {
  readonly [field: string]: readonly [number: number, type: Leaf | (() => Message)];
}

/** The messages of OTLP by their fields' names in JSON, as far as the tests use them. Source: opentelemetry-proto, v1. */
const VALUE: Message = {
  stringValue: [1, 'text'],
  boolValue: [2, 'bool'],
  intValue: [3, 'varint'],
  doubleValue: [4, 'double'],
  arrayValue: [5, () => ({ values: [1, () => VALUE] })],
  kvlistValue: [6, () => ({ values: [1, () => PAIR] })],
  bytesValue: [7, 'base64'],
};
const PAIR: Message = { key: [1, 'text'], value: [2, () => VALUE] };
const RESOURCE: Message = { attributes: [1, () => PAIR] };
const SCOPE: Message = { name: [1, 'text'], version: [2, 'text'], attributes: [3, () => PAIR] };
const TIMES = { startTimeUnixNano: [2, 'fixed64'], timeUnixNano: [3, 'fixed64'] } as const;
const NUMBER: Message = { ...TIMES, asDouble: [4, 'double'], asInt: [6, 'fixed64'], attributes: [7, () => PAIR], flags: [8, 'varint'] };
const HISTOGRAM: Message = {
  ...TIMES,
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  bucketCounts: [6, 'fixed64s'],
  explicitBounds: [7, 'doubles'],
  attributes: [9, () => PAIR],
  flags: [10, 'varint'],
};
const BUCKETS: Message = { offset: [1, 'svarint'], bucketCounts: [2, 'varints'] };
const EXPONENTIAL: Message = {
  ...TIMES,
  attributes: [1, () => PAIR],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  scale: [6, 'svarint'],
  zeroCount: [7, 'fixed64'],
  positive: [8, () => BUCKETS],
  negative: [9, () => BUCKETS],
  flags: [10, 'varint'],
  zeroThreshold: [14, 'double'],
};
const SUMMARY: Message = {
  ...TIMES,
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  quantileValues: [6, () => ({ quantile: [1, 'double'], value: [2, 'double'] })],
  attributes: [7, () => PAIR],
  flags: [8, 'varint'],
};
const data = (point: Message): (() => Message) => {
  return () => ({ dataPoints: [1, () => point], aggregationTemporality: [2, 'varint'], isMonotonic: [3, 'bool'] });
};
const METRIC: Message = {
  name: [1, 'text'],
  description: [2, 'text'],
  unit: [3, 'text'],
  gauge: [5, data(NUMBER)],
  sum: [7, data(NUMBER)],
  histogram: [9, data(HISTOGRAM)],
  exponentialHistogram: [10, data(EXPONENTIAL)],
  summary: [11, data(SUMMARY)],
};
const RECORD: Message = {
  timeUnixNano: [1, 'fixed64'],
  severityNumber: [2, 'varint'],
  severityText: [3, 'text'],
  body: [5, () => VALUE],
  attributes: [6, () => PAIR],
  droppedAttributesCount: [7, 'varint'],
  flags: [8, 'fixed32'],
  traceId: [9, 'hex'],
  spanId: [10, 'hex'],
  observedTimeUnixNano: [11, 'fixed64'],
  eventName: [12, 'text'],
};
const SCOPE_METRICS: Message = { scope: [1, () => SCOPE], metrics: [2, () => METRIC], schemaUrl: [3, 'text'] };
const SCOPE_LOGS: Message = { scope: [1, () => SCOPE], logRecords: [2, () => RECORD], schemaUrl: [3, 'text'] };
const METRICS_REQUEST: Message = {
  resourceMetrics: [1, () => ({ resource: [1, () => RESOURCE], scopeMetrics: [2, () => SCOPE_METRICS] })],
};
const LOGS_REQUEST: Message = { resourceLogs: [1, () => ({ resource: [1, () => RESOURCE], scopeLogs: [2, () => SCOPE_LOGS] })] };

const LEAVES: Record<Leaf, (writer: PbfWriter, field: number, value: never) => void> = {
  text: (writer, field, value) => writer.writeStringField(field, value),
  bool: (writer, field, value) => writer.writeBooleanField(field, value),
  varint: (writer, field, value) => writer.writeVarintField(field, Number(value)),
  svarint: (writer, field, value) => writer.writeSVarintField(field, Number(value)),
  fixed64: (writer, field, value) => writer.writeFixed64Field(field, Number(value)),
  fixed32: (writer, field, value) => writer.writeFixed32Field(field, Number(value)),
  double: (writer, field, value) => writer.writeDoubleField(field, Number(value)),
  hex: (writer, field, value) => writer.writeBytesField(field, Buffer.from(value, 'hex')),
  base64: (writer, field, value) => writer.writeBytesField(field, Buffer.from(value, 'base64')),
  fixed64s: (writer, field, value) => writer.writePackedFixed64(field, (value as unknown[]).map(Number)),
  varints: (writer, field, value) => writer.writePackedVarint(field, (value as unknown[]).map(Number)),
  doubles: (writer, field, value) => writer.writePackedDouble(field, (value as unknown[]).map(Number)),
};

function write({ message, json }: { message: Message; json: Json }, writer: PbfWriter): void {
  for (const [name, value] of Object.entries(json)) {
    const [field, type] = message[name] ?? [];
    if (field === undefined || type === undefined || value === undefined) continue;
    if (typeof type === 'string') LEAVES[type](writer, field, value as never);
    else for (const one of [value].flat()) writer.writeMessage(field, write, { message: type(), json: one as Json });
  }
}

function encode(message: Message, json: Json): Buffer {
  const writer = new PbfWriter();
  write({ message, json }, writer);
  return Buffer.from(writer.finish());
}

/** A request for `/v1/metrics` or `/v1/logs` in protobuf, from what it is in JSON. */
export const metricsProtobuf = (json: Json): Buffer => encode(METRICS_REQUEST, json);
export const logsProtobuf = (json: Json): Buffer => encode(LOGS_REQUEST, json);

/** Attributes as OTLP's JSON has them. */
export const attributes = (values: Record<string, string | number | boolean>): Json[] =>
  Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : typeof value === 'number' ? { doubleValue: value } : { boolValue: value },
  }));

export interface GivenResource {
  readonly resource?: Record<string, string>;
  readonly scope?: Json;
}

export const metricsRequest = (metrics: Json[], { resource = { 'service.name': 'shop' }, scope }: GivenResource = {}): Json => ({
  resourceMetrics: [{ resource: { attributes: attributes(resource) }, scopeMetrics: [{ ...(scope && { scope }), metrics }] }],
});

export const logsRequest = (logRecords: Json[], { resource = { 'service.name': 'shop' }, scope }: GivenResource = {}): Json => ({
  resourceLogs: [{ resource: { attributes: attributes(resource) }, scopeLogs: [{ ...(scope && { scope }), logRecords }] }],
});

/** Nanoseconds since 1970 as JSON has them. */
export const nanoseconds = (ms: number): string => `${ms}000000`;
