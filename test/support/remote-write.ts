import { PbfWriter } from 'pbf';
import { compressSync } from 'snappy';

/** A series of a request of Prometheus' remote write: labels with `__name__`, and `[value, time]` in the order that they are given. */
export interface WrittenSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly (readonly [value: number, t: number])[];
  /** A native histogram and an exemplar beside them, as newer senders add. */
  readonly extras?: true;
}

/** Prometheus' mark for a series that has ended: a NaN of its own bits, which a number in JavaScript does not keep. */
const STALE_BITS = [0x00000002, 0x7ff00000] as const;

export interface WrittenStale {
  /** Of a series that ends at the time `stale`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly stale: number;
}

function writeLabel([name, value]: [string, string], writer: PbfWriter): void {
  writer.writeStringField(1, name);
  writer.writeStringField(2, value);
}

function writeSample([value, t]: readonly [number, number], writer: PbfWriter): void {
  if (value !== 0) writer.writeDoubleField(1, value);
  if (t !== 0) writer.writeVarintField(2, t);
}

function writeStale(t: number, writer: PbfWriter): void {
  writer.writeTag(1, 1);
  for (const bits of STALE_BITS) writer.writeFixed32(bits);
  writer.writeVarintField(2, t);
}

function writeSeries(series: WrittenSeries | WrittenStale, writer: PbfWriter): void {
  for (const label of Object.entries(series.labels)) writer.writeMessage(1, writeLabel, label);
  if ('stale' in series) writer.writeMessage(2, writeStale, series.stale);
  else for (const sample of series.samples) writer.writeMessage(2, writeSample, sample);
  if (!('extras' in series)) return;
  writer.writeMessage(3, writeSample, [1, 2] as const);
  writer.writeMessage(4, writeSample, [1, 2] as const);
}

/** A `prometheus.WriteRequest`, with a metric's metadata behind its series. */
export function writeRequest(all: readonly (WrittenSeries | WrittenStale)[]): Buffer {
  const writer = new PbfWriter();
  for (const series of all) writer.writeMessage(1, writeSeries, series);
  writer.writeMessage(3, (_: undefined, metadata: PbfWriter) => metadata.writeStringField(2, 'up'), undefined);
  return Buffer.from(writer.finish());
}

/** The headers with which Prometheus sends it. */
export const REMOTE_WRITE_HEADERS = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
};

export const packedRequest = (all: readonly (WrittenSeries | WrittenStale)[]): Buffer => compressSync(writeRequest(all));
