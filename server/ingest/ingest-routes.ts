import { Router } from 'express';
import { HubError } from '../../shared/errors.js';
import { INFLUX_ANSWERS, OWN_ANSWERS } from './answers.js';
import { precisionMs } from './influx-line.js';
import { ingestLinesOf } from './ingest-body.js';
import type { IngestCounts } from './ingest-report.js';
import type { IngestKind, IngestService } from './ingest-service.js';
import { itemsOf, parseJson, parseJsonSample } from './json-samples.js';
import { influxFormat, joinTexts, type LineFormat, logFormat, sampleFormat } from './line-formats.js';
import { readLines, type StreamLine } from './line-stream.js';
import { lineFromJson } from './log-lines.js';
import type { ParsedSample } from './parsed.js';
import { type Intake, type ServeBodiesOptions, serveBodies } from './serve-bodies.js';

export interface IngestRoutesOptions extends ServeBodiesOptions {
  readonly ingest: IngestService;
}

/** Room for the mark that a line was cut, within what a line may have. */
const CUT_MARK_BYTES = 64;
const LINE_TYPES = [
  'text/*',
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/octet-stream',
  'application/x-www-form-urlencoded',
];

/** The paths that senders use by default: `/api/ingest/:room` (JSON, or lines that may never end), `/write` and `/api/v2/write` (InfluxDB). */
export function createIngestRoutes(options: IngestRoutesOptions): Router {
  const { ingest } = options;
  const router = Router();
  const serve = serveBodies(options);
  router.post(
    '/api/ingest/:room',
    serve(OWN_ANSWERS, async (intake) => {
      const room = String(intake.req.params.room);
      const { takes } = ingest.admit(intake.principal, room);
      if (intake.req.is(['application/json', '+json'])) await takeJson(ingest, intake, room, takes);
      else if (intake.req.is(LINE_TYPES) || !intake.req.headers['content-type']) await takeLines(ingest, intake, room, takes);
      else throw new HubError('invalid', 'the Content-Type is application/json, application/x-ndjson or text/plain');
      ingest.countRefused(takes, intake.report);
    }),
  );
  const influx = serve(INFLUX_ANSWERS, async (intake) => {
    const { query } = intake.req;
    const bucket = textOf(query.bucket) ?? textOf(query.db);
    if (!bucket) throw new HubError('invalid', 'bucket (or db) names the room: metrics:<bucket>, with or without metrics: in front');
    const format = influxFormat(precisionMs(textOf(query.precision)));
    const room = bucket.startsWith('metrics:') ? bucket : `metrics:${bucket}`;
    ingest.admit(intake.principal, room);
    await takeSamples(ingest, intake, room, format, (lines) => joinTexts(lines, ingest.maxLineBytes));
    ingest.countRefused('samples', intake.report);
  });
  router.post('/write', influx);
  router.post('/api/v2/write', influx);
  return router;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

async function takeJson(ingest: IngestService, { principal, body, report }: Intake, room: string, takes: IngestKind): Promise<void> {
  const items = itemsOf(parseJson((await body.whole()).toString('utf8'))).map((item, i) => ({ item, line: i + 1 }));
  const now = ingest.clock.now();
  if (takes === 'lines') {
    const lines = items.map(({ item, line }) => ({ line, entry: lineFromJson(item, now) }));
    return report.add(await ingest.ingestLines(principal, room, lines));
  }
  const samples = items.flatMap(({ item, line }) => {
    try {
      return parseJsonSample(item, line, now);
    } catch (error) {
      report.refuse(line, error);
      return [];
    }
  });
  report.add(ingest.ingestSamples(principal, room, samples));
}

function takeLines(ingest: IngestService, intake: Intake, room: string, takes: IngestKind): Promise<void> {
  if (takes === 'samples') return takeSamples(ingest, intake, room, sampleFormat);
  return take(ingest, intake, logFormat, (lines) => ingest.ingestLines(intake.principal, room, lines));
}

type Lines = AsyncIterable<StreamLine[]>;
const asTheyAre = (lines: Lines): Lines => lines;

function takeSamples(
  ingest: IngestService,
  intake: Intake,
  room: string,
  format: LineFormat<ParsedSample>,
  join = asTheyAre,
): Promise<void> {
  return take(ingest, intake, format, (samples) => ingest.ingestSamples(intake.principal, room, samples), join);
}

function take<Parsed>(
  { clock, maxLineBytes }: IngestService,
  { body, report }: Intake,
  format: LineFormat<Parsed>,
  taken: (parsed: Parsed[]) => IngestCounts | Promise<IngestCounts>,
  join = asTheyAre,
): Promise<void> {
  const lines = join(readLines(body.chunks(), maxLineBytes - CUT_MARK_BYTES));
  return ingestLinesOf({ lines, format, now: clock.now, take: taken, stop: (error) => body.fail(error) }, report);
}
