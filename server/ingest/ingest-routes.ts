import { type Request, type RequestHandler, type Response, Router } from 'express';
import { HubError } from '../../shared/errors.js';
import type { Principal } from '../auth/principal.js';
import { type Answers, INFLUX_ANSWERS, OWN_ANSWERS } from './answers.js';
import { precisionMs } from './influx-line.js';
import { ingestLinesOf } from './ingest-body.js';
import { type IngestCounts, IngestReport } from './ingest-report.js';
import type { IngestKind, IngestService } from './ingest-service.js';
import { itemsOf, parseJson, parseJsonSample } from './json-samples.js';
import { influxFormat, joinTexts, type LineFormat, logFormat, sampleFormat } from './line-formats.js';
import { readLines, type StreamLine } from './line-stream.js';
import { lineFromJson } from './log-lines.js';
import type { ParsedSample } from './parsed.js';
import { discardRest, RequestBody, SenderGone } from './request-body.js';

export interface IngestRoutesOptions {
  readonly ingest: IngestService;
  /** @throws HubError `unauthorized`, `rate_limited` */
  authenticate(req: Request): Principal | Promise<Principal>;
  /** Bytes of a packed body when unpacked, and of a JSON body; lines that come unpacked have no end to hold to. 0: no limit. */
  readonly bodyLimitBytes: number;
  /** Time that a JSON body may take to arrive. */
  readonly bodyTimeoutMs?: number;
  /** Requests whose bodies are open at a time. */
  readonly openBodies?: number;
  /** What failed that was not the sender's fault. */
  readonly onFault: (error: unknown) => void;
}

/** One request on its way in. */
interface Intake {
  readonly req: Request;
  readonly principal: Principal;
  readonly body: RequestBody;
  readonly report: IngestReport;
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

/** Everything around the reading of a body: who sends it, how many at a time, and what the sender is told. */
function serveBodies({ authenticate, bodyLimitBytes, bodyTimeoutMs = 30_000, openBodies = 1_000, onFault }: IngestRoutesOptions) {
  let open = 0;
  return (answers: Answers, take: (intake: Intake) => Promise<void>): RequestHandler =>
    async (req, res) => {
      const report = new IngestReport();
      let body: RequestBody | undefined;
      open++;
      try {
        const principal = await authenticate(req);
        if (open > openBodies) throw new HubError('busy', 'as many bodies are open as may be', 5_000);
        body = new RequestBody(req, { maxBytes: bodyLimitBytes, wholeMs: bodyTimeoutMs });
        await take({ req, principal, body, report });
        answers.done(res.set('Cache-Control', 'no-store'), report);
      } catch (error) {
        refuse(res, answers, error, report, onFault);
      } finally {
        open--;
        if (body) body.discard();
        else discardRest(req);
      }
    };
}

function refuse(res: Response, answers: Answers, thrown: unknown, report: IngestReport, onFault: (error: unknown) => void): void {
  if (thrown instanceof SenderGone) return void res.destroy();
  if (!(thrown instanceof HubError)) onFault(thrown);
  if (res.headersSent) return void res.destroy();
  answers.failed(res.set('Cache-Control', 'no-store'), thrown instanceof HubError ? thrown : new HubError('internal'), report);
}

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
