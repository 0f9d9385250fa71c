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
import { WriteRequestReader } from '../../server/ingest/prometheus-write.js';
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

const npmFromInflux = (): Taker => (body) => {
  for (const line of body.toString('utf8').split('\n')) if (line !== '') parseInfluxLine(line);
};

export const TAKERS: Readonly<Record<Mode, () => Taker>> = {
  influx: oursFromInflux,
  'influx-npm': npmFromInflux,
  'remote-write': oursFromRemoteWrite,
  'remote-write-npm': npmFromRemoteWrite,
};
