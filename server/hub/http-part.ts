import type { Server as HttpServer, IncomingMessage, RequestListener } from 'node:http';
import type { Express } from 'express';
import type { OriginCheck } from '../auth/origins.js';
import { tokenOf } from '../auth/token-of.js';
import type { Config } from '../config.js';
import type { Engines } from '../engines/engines.js';
import { createHttpApp } from '../http/app.js';
import { guestOf } from '../http/guest-headers.js';
import type { HttpJobs } from '../http/jobs-api.js';
import { checkPayload } from '../limits/payload-checks.js';
import type { Logger } from '../observe/logger.js';
import type { HubMetrics } from '../observe/metrics.js';
import type { HttpEntrance } from './entrance.js';
import { metricsAccess } from './metrics-access.js';
import type { MetricsPart } from './metrics-part.js';
import type { openRoomsPart } from './rooms-part.js';

export interface HttpPartOptions {
  server: HttpServer;
  embedded: boolean;
  config: Config;
  engines: Pick<Engines, 'notReadyBecause' | 'bullBoard'>;
  entrance: HttpEntrance;
  origins: OriginCheck;
  roomsPart: ReturnType<typeof openRoomsPart>;
  disconnectUser(userId: string): void;
  jobs: HttpJobs;
  metricRooms: MetricsPart;
  logger: Logger;
  metrics: HubMetrics;
  /** What `/metrics` shows; default: the metrics of this process. */
  metricsText?: () => Promise<string>;
  /** Directory of the built pages. */
  webDir: string;
}

export interface HttpPart {
  readonly app: Express;
  /** Open event streams and long polls. */
  streams(): number;
  /** Sends the readers of streams elsewhere; `/readyz` says so from here on. */
  close(): void;
}

/** The HTTP side on the hub's server, in front of whatever listeners a program has there already. */
export function openHttpPart(options: HttpPartOptions): HttpPart {
  const { server, embedded, config, entrance, metrics } = options;
  let closing = false;
  const authenticate = (req: IncomingMessage) =>
    entrance.authenticate({ token: tokenOf(req.headers, req.url), ...guestOf(req) }, entrance.addressOf(req));
  const { app, streams, endStreams } = createHttpApp({
    ...options,
    rooms: options.roomsPart.rooms,
    metrics: options.metricRooms.http,
    ingestRoutes: options.metricRooms.ingestRoutes(authenticate),
    authenticate,
    bullBoard: options.engines.bullBoard?.handler,
    take: (what, who) => entrance.take(what, who),
    addressOf: (req) => entrance.addressOf(req),
    admitAddress: (address) => entrance.admitAddress(address),
    checkPayload: (payload) => checkPayload(payload, { depth: config.payloadDepth, bytes: config.payloadBytes }),
    log: options.logger,
    limits: { payloadBytes: config.payloadBytes },
    disconnectUser: async (userId) => options.disconnectUser(userId),
    notReadyBecause: () => [...options.engines.notReadyBecause(), ...(closing ? ['shutting down'] : [])],
    metricsText: options.metricsText ?? (() => metrics.registry.metrics()),
    metricsAccess: metricsAccess(config),
    webDir: config.web && !embedded ? options.webDir : undefined,
  });
  listenFirst(server, app);
  const close = () => {
    closing = true;
    endStreams();
  };
  return { app, streams: () => streams.size, close };
}

/** What is not the hub's goes on to the listeners that were there before. To be called before Socket.IO puts itself in front. */
function listenFirst(server: HttpServer, app: Express): void {
  const others = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (req, res) => {
    const next = () => {
      if (others.length === 0) res.writeHead(404).end();
      for (const other of others) other.call(server, req, res);
    };
    app(req as never, res as never, next);
  });
}
