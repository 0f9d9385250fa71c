import { createRequire } from 'node:module';
import protobuf from 'protobufjs';
import { uncompressSync } from 'snappy';
import type { Principal } from '../../server/auth/principal.js';
import { InfluxReader } from '../../server/ingest/influx-line.js';
import { ingestLinesOf } from '../../server/ingest/ingest-body.js';
import { IngestReport } from '../../server/ingest/ingest-report.js';
import { IngestService } from '../../server/ingest/ingest-service.js';
import { influxFormat, joinTexts } from '../../server/ingest/line-formats.js';
import { readLines } from '../../server/ingest/line-stream.js';
import { JSON_READER } from '../../server/ingest/otlp/json.js';
import { MetricsIntake } from '../../server/ingest/otlp/metrics.js';
import type { OtlpReader } from '../../server/ingest/otlp/model.js';
import { KnownAttributes } from '../../server/ingest/otlp/point-attributes.js';
import { PROTOBUF_READER } from '../../server/ingest/otlp/protobuf.js';
import { KnownSeries } from '../../server/ingest/otlp/series.js';
import { DeltaTotals } from '../../server/ingest/otlp/totals.js';
import { WriteRequestReader } from '../../server/ingest/prometheus/write.js';
import { unpackSnappy } from '../../server/ingest/snappy.js';
import { SampleCoalescer } from '../../server/metrics/sample-coalescer.js';
import { systemClock as clock } from '../../server/observe/clock.js';
import { KINDS } from '../../shared/rooms.js';
import type { Mode } from './calls.js';

/** It comes without types. */
const parseInfluxLine: (line: string) => unknown = createRequire(import.meta.url)('influx-line-protocol-parser');

/** Takes one body in. */
export type Taker = (body: Buffer) => Promise<void> | void;

const SENDER: Principal = {
  user: { id: 'sender', name: 'sender' },
  guest: false,
  admin: false,
  grants: { read: [], write: [], ingest: ['metrics:*'] },
};
const NS_MS = 1e-6;

/** The way in as the hub has it, up to the messages that go into the rooms' logs. */
function openIngest(): IngestService {
  const outbox = { full: () => false, push: async () => {}, idle: async () => {} };
  return new IngestService({
    kinds: KINDS,
    clock,
    samples: new SampleCoalescer({ outbox, clock, seriesPerSender: 0 }),
    lines: { add: async () => {} },
    checkPayload: () => {},
    count: () => {},
  });
}

/** @throws Error when not all was taken: a figure would mean nothing */
function expectAll({ refused, errors }: IngestReport): void {
  if (refused > 0) throw new Error(`${refused} samples were refused: ${errors[0]?.message}`);
}

function oursFromInflux(): Taker {
  const ingest = openIngest();
  const format = influxFormat(new InfluxReader(ingest.rooms), NS_MS);
  const take = (samples: Parameters<IngestService['ingestSamples']>[2]) => ingest.ingestSamples(SENDER, 'metrics:web', samples);
  return async (body) => {
    const report = new IngestReport();
    const chunks = (async function* () {
      yield body;
    })();
    const lines = joinTexts(readLines(chunks, ingest.maxLineBytes), ingest.maxLineBytes);
    await ingestLinesOf({ lines, format, now: clock.now, take, stop: () => {} }, report);
    expectAll(report);
  };
}

function oursFromRemoteWrite(): Taker {
  const ingest = openIngest();
  const reader = new WriteRequestReader(ingest.rooms);
  return (body) => {
    const report = new IngestReport();
    report.add(ingest.ingestSamples(SENDER, 'metrics:web', reader.read(unpackSnappy(body, 0), report).samples));
    expectAll(report);
  };
}

const PROTO = `
  syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
`;

function npmFromRemoteWrite(): Taker {
  const type = protobuf.parse(PROTO).root.lookupType('WriteRequest');
  return (body) => void type.decode(uncompressSync(body) as Buffer);
}

function oursFromOtlp(reader: OtlpReader): Taker {
  const ingest = openIngest();
  const memory = { totals: new DeltaTotals({ clock }), attributes: new KnownAttributes(), series: new KnownSeries() };
  return async (body) => {
    const report = new IngestReport();
    await new MetricsIntake(ingest, memory, { principal: SENDER, report }).take(reader.metrics(body, memory.attributes));
    expectAll(report);
  };
}

const OTLP_PROTO = `
  syntax = "proto3";
  message Request { repeated ResourceMetrics resource_metrics = 1; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; }
  message Scope { string name = 1; string version = 2; }
  message Metric { string name = 1; string unit = 3; Sum sum = 7; }
  message Sum { repeated Point data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
  message Point { fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; double as_double = 4; repeated KeyValue attributes = 7; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
`;

function npmFromOtlp(): Taker {
  const type = protobuf.parse(OTLP_PROTO).root.lookupType('Request');
  return (body) => void type.decode(body);
}

const plainFromJson = (): Taker => (body) => void JSON.parse(body.toString('utf8'));

const npmFromInflux = (): Taker => (body) => {
  for (const line of body.toString('utf8').split('\n')) if (line !== '') parseInfluxLine(line);
};

export const TAKERS: Readonly<Record<Mode, () => Taker>> = {
  influx: oursFromInflux,
  'influx-npm': npmFromInflux,
  'remote-write': oursFromRemoteWrite,
  'remote-write-npm': npmFromRemoteWrite,
  otlp: () => oursFromOtlp(PROTOBUF_READER),
  'otlp-npm': npmFromOtlp,
  'otlp-json': () => oursFromOtlp(JSON_READER),
  'otlp-json-plain': plainFromJson,
};
