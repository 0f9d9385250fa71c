import type { Router } from 'express';
import { IngestService } from '../../server/ingest/ingest-service.js';
import { LogCoalescer } from '../../server/ingest/lines/log-coalescer.js';
import { RoomOutbox } from '../../server/ingest/room-outbox.js';
import { createSenderRoutes } from '../../server/ingest/sender-routes.js';
import { SampleCoalescer } from '../../server/metrics/sample-coalescer.js';
import { systemClock as clock } from '../../server/observe/clock.js';
import type { SystemPublisher } from '../../server/rooms/publisher.js';
import { KINDS } from '../../shared/rooms.js';
import { authenticateByName } from './http-app.js';

/** The senders' paths in front of rooms, as the hub puts them together. */
export function ingestRoutes(publisher: SystemPublisher): Router {
  const outbox = new RoomOutbox({ publisher, clock, retryForMs: 100 });
  const ingest = new IngestService({
    kinds: KINDS,
    clock,
    samples: new SampleCoalescer({ outbox, clock }),
    lines: new LogCoalescer({ outbox, clock }),
    checkPayload: () => {},
    count: () => {},
  });
  const onFault = (error: unknown) => {
    throw error;
  };
  return createSenderRoutes({ ingest, authenticate: authenticateByName, bodyLimitBytes: 100_000, onFault });
}
