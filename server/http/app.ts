import express, { type Express, type RequestHandler, Router } from 'express';
import { BOUNDS } from '../../shared/limits.js';
import type { Frame, LineBatch, Message } from '../../shared/protocol.js';
import type { Rooms } from '../rooms/room-service.js';
import { jsonBody } from './body.js';
import { BULL_BOARD_PATH, bullBoardGate } from './bull-board-gate.js';
import { errorAnswers, noSuchPath } from './errors.js';
import { createGate, type GateOptions } from './gate.js';
import { addHealthRoutes, type HealthOptions } from './health.js';
import { addJobRoutes, type HttpJobs } from './jobs-api.js';
import { createMessageEncoder } from './message-json.js';
import { addMetricRoutes, type HttpMetrics } from './metrics-api.js';
import { OpenStreams, type PlaceOptions } from './open-streams.js';
import { type HttpLog, requestLog } from './request-log.js';
import { addRoomRoutes } from './rooms-api.js';
import { apiHeaders, type HttpOrigins, originGuard, pageHeaders } from './security.js';
import { addEventRoutes } from './sse.js';
import { webPages } from './static.js';
import { addUserRoutes, type UsersApiOptions } from './users-api.js';

export interface HttpAppOptions
  extends GateOptions,
    PlaceOptions,
    Pick<UsersApiOptions, 'disconnectUser'>,
    Pick<HealthOptions, 'notReadyBecause' | 'metricsText' | 'metricsAccess'> {
  rooms: Rooms;
  jobs: HttpJobs;
  metrics: HttpMetrics;
  /** The senders' paths; it reads bodies and answers faults in each sender's own way. */
  ingestRoutes?: RequestHandler;
  /** bull-board, which admins are let in to. */
  bullBoard?: RequestHandler | undefined;
  origins: HttpOrigins;
  /** @throws HubError `too_deep`, `too_large` or `invalid` */
  checkPayload(value: unknown): void;
  log: HttpLog;
  limits: {
    /** Bytes of a publication's body; 0: no limit. */
    payloadBytes: number;
    /** Milliseconds that a JSON body may take to arrive. Default 30,000. */
    bodyTimeoutMs?: number;
  };
  /** Directory of the built web client; left out: no pages. */
  webDir?: string | undefined;
  /**
   * True: mounted in somebody's application. What is not the hub's passes on to it untouched, also below `/api`, and no pages are
   * served. False: this application answers everything.
   */
  embedded: boolean;
  /** Milliseconds between two comments on a quiet event stream. Default 15,000. */
  heartbeatMs?: number;
  /** Milliseconds after which a browser whose event stream broke connects again. Default 2,000. */
  sseRetryMs?: number;
  /** Seconds for which a browser may keep a full page of history before a position. Default 60. */
  pageMaxAgeSeconds?: number;
}

export interface HttpApp {
  /** To serve with (`createServer(app)`) or to mount (`theirs.use(app)`); called with `next`, it passes on what is not the hub's. */
  readonly app: Express;
  /** Event streams and long polls. */
  readonly streams: Pick<OpenStreams, 'size'>;
  /** Tells every reader of a stream to come back elsewhere, and answers every long poll. */
  endStreams(): void;
}

/** Everything below is the hub's, whoever's application it is mounted in. */
export const OWN_PATHS = [
  '/api/rooms',
  '/api/jobs',
  '/api/metrics',
  '/api/users',
  '/api/ingest',
  '/healthz',
  '/readyz',
  '/metrics',
  '/write',
  '/api/v2/write',
  '/api/v1/write',
  '/v1/metrics',
  '/v1/logs',
  '/loki/api/v1/push',
  '/api/prom/push',
];

/** Room for what stands around a payload in a body. */
const ENVELOPE_BYTES = 1024;

/** The hub's whole HTTP side. */
export function createHttpApp(options: HttpAppOptions): HttpApp {
  const { embedded, log, webDir, ingestRoutes, bullBoard } = options;
  const app = express();
  app.disable('x-powered-by');
  const streams = new OpenStreams();
  const own = bullBoard ? [...OWN_PATHS, BULL_BOARD_PATH] : OWN_PATHS;
  app.use(embedded ? own : '/', requestLog(log), apiHeaders, originGuard(options.origins));
  if (ingestRoutes) app.use(ingestRoutes);
  app.use(apiRoutes(options, streams));
  if (bullBoard) app.use(BULL_BOARD_PATH, bullBoardGate(createGate(options)), bullBoard);
  if (!embedded) app.use('/api', noSuchPath);
  if (!embedded && webDir !== undefined) app.use(pageHeaders(), webPages(webDir));
  if (!embedded) app.use(noSuchPath);
  app.use(errorAnswers(log));
  return { app, streams, endStreams: () => streams.endAll() };
}

function apiRoutes(options: HttpAppOptions, streams: OpenStreams): Router {
  const router = Router();
  const gate = createGate(options);
  const encode = createMessageEncoder<Message | LineBatch | Frame>();
  const { limits, checkPayload: check, heartbeatMs = 15_000, sseRetryMs = 2_000, pageMaxAgeSeconds = 60 } = options;
  const { payloadBytes, bodyTimeoutMs: timeoutMs = 30_000 } = limits;
  const publication = jsonBody({ maxBytes: payloadBytes && payloadBytes + ENVELOPE_BYTES, timeoutMs, check });
  const submission = jsonBody({ maxBytes: BOUNDS.jobInputBytes + ENVELOPE_BYTES, timeoutMs, check });
  addRoomRoutes(router, { ...options, gate, streams, encode, readBody: publication, pageMaxAgeSeconds });
  addEventRoutes(router, { ...options, gate, streams, encode, heartbeatMs, retryMs: sseRetryMs });
  addJobRoutes(router, { ...options, gate, readBody: submission });
  addMetricRoutes(router, { ...options, gate });
  addUserRoutes(router, { ...options, gate });
  addHealthRoutes(router, { ...options, gate });
  return router;
}
