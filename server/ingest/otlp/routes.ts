import { Router } from 'express';
import { HubError } from '../../../shared/errors.js';
import type { IngestService } from '../ingest-service.js';
import { type Intake, type ServeBodiesOptions, serveBodies } from '../serve-bodies.js';
import { otlpAnswers } from './answers.js';
import { encodingOf } from './encodings.js';
import { LogsIntake } from './logs.js';
import { MetricsIntake } from './metrics.js';
import type { OtlpReader } from './model.js';
import { KnownAttributes } from './point-attributes.js';
import { KnownSeries } from './series.js';
import { DeltaTotals } from './totals.js';

export interface OtlpRoutesOptions extends ServeBodiesOptions {
  readonly ingest: IngestService;
}

/** OTLP over HTTP, as the SDKs and the Collector of OpenTelemetry send it: `/v1/metrics` and `/v1/logs`, JSON and protobuf. */
export function createOtlpRoutes(options: OtlpRoutesOptions): Router {
  const { ingest } = options;
  const router = Router();
  const serve = serveBodies(options);
  const memory = { totals: new DeltaTotals({ clock: ingest.clock }), attributes: new KnownAttributes(), series: new KnownSeries() };
  router.post(
    '/v1/metrics',
    serve(otlpAnswers('rejectedDataPoints', 'data point'), async (intake) => {
      const reader = readerOf(intake);
      await new MetricsIntake(ingest, memory, intake).take(reader.metrics(await intake.body.whole(), memory.attributes));
    }),
  );
  router.post(
    '/v1/logs',
    serve(otlpAnswers('rejectedLogRecords', 'log record'), async (intake) => {
      const reader = readerOf(intake);
      const body = await intake.body.whole();
      await new LogsIntake(ingest, intake, body).take(reader.logs(body));
    }),
  );
  return router;
}

/** @throws HubError `invalid`, answered as 415 */
function readerOf({ req }: Intake): OtlpReader {
  const encoding = encodingOf(req);
  if (!encoding) throw new HubError('invalid', 'the Content-Type is application/x-protobuf or application/json');
  return encoding.reader;
}
