import { Router } from 'express';
import { HubError } from '../../shared/errors.js';
import { INFLUX_ANSWERS, OWN_ANSWERS } from './answers.js';
import { InfluxReader, precisionMs } from './influx-line.js';
import { ingestLinesOf } from './ingest-body.js';
import type { IngestService } from './ingest-service.js';
import { itemsOf, parseJsonSample } from './json-samples.js';
import { CUT_MARK_BYTES, takeLogJson, takeLogLines } from './line-bodies.js';
import { influxFormat, joinTexts, type LineFormat, sampleFormat } from './line-formats.js';
import { readLines, type StreamLine } from './line-stream.js';
import type { JoinRule } from './lines/line-rules.js';
import { type LineWishes, lineWishes } from './lines/line-wishes.js';
import type { ParsedSample } from './parsed.js';
import { type Intake, type ServeBodiesOptions, serveBodies } from './serve-bodies.js';
import { parseShallowJson } from './shallow-json.js';

export interface IngestRoutesOptions extends ServeBodiesOptions {
  readonly ingest: IngestService;
  /** How the lines of a room's senders become entries, where a sender does not say. Default: `traces`, for every room. */
  readonly multiline?: (room: string) => JoinRule;
}

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
  const samples = sampleFormat(new InfluxReader());
  const own = serve(OWN_ANSWERS, (intake) => takeOwn(options, intake, samples));
  router.post('/api/ingest/:room', own);
  router.put('/api/ingest/:room', own);
  const reader = new InfluxReader(ingest.rooms);
  const influx = serve(INFLUX_ANSWERS, async (intake) => {
    const { query } = intake.req;
    const bucket = textOf(query.bucket) ?? textOf(query.db);
    if (!bucket) throw new HubError('invalid', 'bucket (or db) names the room: metrics:<bucket>, with or without metrics: in front');
    const format = influxFormat(reader, precisionMs(textOf(query.precision)));
    const room = bucket.startsWith('metrics:') ? bucket : `metrics:${bucket}`;
    ingest.admit(intake.principal, room);
    await takeSamples(ingest, intake, room, format, { join: (lines) => joinTexts(lines, ingest.maxLineBytes) });
    ingest.countRefused('samples', intake.report);
  });
  router.post('/write', influx);
  router.post('/api/v2/write', influx);
  return router;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** What `/api/ingest/:room` takes: JSON as a whole, or lines as they come. */
async function takeOwn(
  { ingest, multiline = () => 'traces' }: IngestRoutesOptions,
  intake: Intake,
  samples: LineFormat<ParsedSample>,
): Promise<void> {
  const { req, principal, report } = intake;
  const { room, takes } = ingest.admit(principal, String(req.params.room));
  const wishes = lineWishes(req);
  const isJson = Boolean(req.is(['application/json', '+json']));
  if (!isJson && req.headers['content-type'] && !req.is(LINE_TYPES))
    throw new HubError('invalid', 'the Content-Type is application/json, application/x-ndjson or text/plain');
  if (takes === 'lines') {
    const body = { ingest, intake, room: room.room, wishes: { multiline: multiline(room.room), ...wishes } };
    await (isJson ? takeLogJson(body) : takeLogLines(body));
  } else if (isJson) await takeJsonSamples(ingest, intake, room.room, wishes);
  else await takeSamples(ingest, intake, room.room, samples, wishes);
  ingest.countRefused(takes, report);
}

async function takeJsonSamples(ingest: IngestService, intake: Intake, room: string, { time }: LineWishes): Promise<void> {
  const { principal, body, report } = intake;
  const items = itemsOf(parseShallowJson(await body.whole()));
  const now = time ?? ingest.clock.now();
  const samples = items.flatMap((item, i) => {
    try {
      return parseJsonSample(item, i + 1, now);
    } catch (error) {
      report.refuse(i + 1, error);
      return [];
    }
  });
  report.add(ingest.ingestSamples(principal, room, samples));
}

type Lines = AsyncIterable<StreamLine[]>;
const asTheyAre = (lines: Lines): Lines => lines;

function takeSamples(
  ingest: IngestService,
  { principal, body, report }: Intake,
  room: string,
  format: LineFormat<ParsedSample>,
  { time, join = asTheyAre }: { time?: number | undefined; join?: (lines: Lines) => Lines },
): Promise<void> {
  const { clock, maxLineBytes } = ingest;
  const lines = join(readLines(body.chunks(), maxLineBytes - CUT_MARK_BYTES));
  const take = (samples: ParsedSample[]) => ingest.ingestSamples(principal, room, samples);
  return ingestLinesOf({ lines, format, now: () => time ?? clock.now(), take, stop: (error) => body.fail(error) }, report);
}
