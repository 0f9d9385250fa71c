import { type Request, Router } from 'express';
import { ERRORS, HubError } from '../../../shared/errors.js';
import { type Answers, reasons, setRetryAfter } from '../answers.js';
import type { IngestService } from '../ingest-service.js';
import type { RequestBody } from '../request-body.js';
import { type ServeBodiesOptions, serveBodies } from '../serve-bodies.js';
import { LokiIntake } from './intake.js';
import { readLokiJson } from './json.js';
import { readLokiProtobuf } from './protobuf.js';
import type { LokiStream } from './push.js';

export interface LokiRoutesOptions extends ServeBodiesOptions {
  readonly ingest: IngestService;
}

/**
 * Loki's: 204 when all was taken, else 400 with the reasons as text; the good part of a push stays taken. Promtail and its like repeat a push on
 * 429 and 5xx only. Source: grafana.com/docs/loki, HTTP API.
 */
const LOKI_ANSWERS: Answers = {
  done(res, report) {
    const { accepted, refused, errors } = report;
    if (refused === 0) return void res.status(204).end();
    const forbidden = accepted === 0 && errors[0]?.code === 'forbidden';
    res
      .status(forbidden ? ERRORS.forbidden.status : 400)
      .type('text')
      .send(`${accepted} entries were taken, ${refused} were not: ${reasons(report, 'entry')}\n`);
  },
  failed(res, error) {
    setRetryAfter(res, error);
    if (error.code === 'unauthorized') res.set('WWW-Authenticate', 'Basic realm="roomcast", Bearer');
    res.status(ERRORS[error.code].status).type('text').send(`${error.message}\n`);
  },
};

async function readPush(req: Request, body: RequestBody): Promise<LokiStream[]> {
  if (req.is(['application/json', '+json'])) return readLokiJson(await body.whole());
  if (req.headers['content-type'] && !req.is(['application/x-protobuf', 'application/protobuf']))
    throw new HubError('invalid', 'the Content-Type is application/json or application/x-protobuf');
  return readLokiProtobuf(await body.wholeSnappy());
}

/** `/loki/api/v1/push`, and `/api/prom/push` of older senders: into the rooms that the labels say, `logs:<service_name, job, app …>` by default. */
export function createLokiRoutes(options: LokiRoutesOptions): Router {
  const push = serveBodies(options)(LOKI_ANSWERS, async ({ req, principal, body, report }) => {
    const streams = await readPush(req, body);
    await new LokiIntake(options.ingest, { principal, report }).take(streams);
  });
  return Router().post('/loki/api/v1/push', push).post('/api/prom/push', push);
}
