import { type Request, Router } from 'express';
import { ERRORS, HubError } from '../../../shared/errors.js';
import { type Answers, reasons, setRetryAfter } from '../answers.js';
import type { IngestService } from '../ingest-service.js';
import { type Intake, type ServeBodiesOptions, serveBodies } from '../serve-bodies.js';
import { WriteRequestReader } from './write.js';

export interface PrometheusRoutesOptions extends ServeBodiesOptions {
  readonly ingest: IngestService;
}

/** A message or packing that this version of the protocol does not have. */
class UnsupportedMedia extends HubError {
  constructor(message: string) {
    super('invalid', message);
  }
}

/**
 * Prometheus': 204 when all was taken; 400 with the reasons as text when a part was refused, the rest of which stays taken. It repeats a
 * request on 5xx and, where it is told to (`retry_on_http_429`), on 429; of the text it logs the first line. Source: Prometheus Remote-Write 1.0.
 */
const PROMETHEUS_ANSWERS: Answers = {
  done(res, report) {
    if (report.refused === 0) return void res.status(204).end();
    const partly = report.accepted > 0 ? `${report.accepted} samples were taken, ` : '';
    res
      .status(400)
      .type('text')
      .send(`${partly}${report.refused} refused: ${reasons(report, 'series')}`);
  },
  failed(res, error) {
    setRetryAfter(res, error);
    res
      .status(error instanceof UnsupportedMedia ? 415 : ERRORS[error.code].status)
      .type('text')
      .send(error.message);
  },
};

/** Every sample has a room of its own. */
const NO_ROOM = 'metrics:unknown';

function checkMedia({ headers }: Request): void {
  const [type, ...parameters] = (headers['content-type'] ?? 'application/x-protobuf').split(';').map((part) => part.trim().toLowerCase());
  const proto = parameters.find((parameter) => parameter.startsWith('proto='));
  if (type !== 'application/x-protobuf' || (proto !== undefined && proto !== 'proto=prometheus.writerequest'))
    throw new UnsupportedMedia('the body is a prometheus.WriteRequest of remote write 1.0, its Content-Type application/x-protobuf');
  if ((headers['content-encoding'] ?? 'snappy').trim().toLowerCase() !== 'snappy')
    throw new UnsupportedMedia('the body is packed with snappy, its Content-Encoding snappy');
}

/** `/api/v1/write`: Prometheus' remote write 1.0, into the rooms that the labels say, `metrics:<job>` by default. */
export function createPrometheusRoutes(options: PrometheusRoutesOptions): Router {
  const { ingest } = options;
  const reader = new WriteRequestReader(ingest.rooms);
  const take = async ({ req, principal, body, report }: Intake): Promise<void> => {
    checkMedia(req);
    const { samples, ended, leftOut } = reader.read(await body.wholeSnappy(), report);
    ingest.endSeries(principal, ended);
    report.add(ingest.ingestSamples(principal, NO_ROOM, samples));
    ingest.countRefused('samples', report);
    ingest.countLeftOut('samples', 'stale', leftOut.stale);
    ingest.countLeftOut('samples', 'not_finite', leftOut.notFinite);
    ingest.countLeftOut('samples', 'histogram', leftOut.histograms);
  };
  return Router().post('/api/v1/write', serveBodies(options)(PROMETHEUS_ANSWERS, take));
}
