import type { IncomingMessage } from 'node:http';
import { hostname } from 'node:os';
import type { RequestHandler } from 'express';
import type { Kinds, RoomName } from '../../shared/rooms.js';
import { parseRoom } from '../../shared/rooms.js';
import type { Principal } from '../auth/principal.js';
import type { Cache } from '../cache/cache.js';
import type { Config } from '../config.js';
import type { Engines } from '../engines/engines.js';
import { IngestService } from '../ingest/ingest-service.js';
import { roomJoinRules } from '../ingest/lines/line-rules.js';
import { LogCoalescer } from '../ingest/lines/log-coalescer.js';
import { RoomOutbox } from '../ingest/room-outbox.js';
import { parseRoomRule, SenderRooms } from '../ingest/sender-rooms.js';
import { createSenderRoutes } from '../ingest/sender-routes.js';
import { checkPayload } from '../limits/payload-checks.js';
import { startHostSampler } from '../metrics/host-sampler.js';
import { startHubSampler } from '../metrics/hub-sampler.js';
import { createMetricView, VIEWS_PER_ROOM } from '../metrics/metric-view.js';
import type { Rollups } from '../metrics/range-source.js';
import { readPast } from '../metrics/room-past.js';
import { SampleCoalescer } from '../metrics/sample-coalescer.js';
import { systemClock } from '../observe/clock.js';
import { hubReadings } from '../observe/hub-readings.js';
import type { LogTap } from '../observe/log-tap.js';
import type { Logger } from '../observe/logger.js';
import type { HubMetrics } from '../observe/metrics.js';
import { shareOf } from '../rooms/place-shares.js';
import type { SystemPublisher } from '../rooms/publisher.js';
import type { OpenView } from '../rooms/room-view.js';
import { metricQueries } from './metric-queries.js';

export interface MetricsPartOptions {
  config: Config;
  kinds: Kinds;
  engines: Pick<Engines, 'log' | 'cache' | 'nodeId'>;
  cache: Cache;
  publisher: SystemPublisher;
  admitReader(principal: Principal, room: string): Promise<{ room: RoomName }>;
  rollups: Rollups | undefined;
  metrics: HubMetrics;
  logger: Logger;
  tap: LogTap;
}

export type MetricsPart = ReturnType<typeof openMetricsPart>;

/** Milliseconds for which samples and lines outlast an absence of the store. */
const RETRY_FOR_MS = 30_000;
/** Of several hubs on one machine one reports it: whoever claimed it last, for this long. */
const HOST_CLAIM_MS = 3_000;
/** Milliseconds that a stopping hub gives what waits for the store. */
const DRAIN_MS = 2_000;
const TELL_MS = 10_000;
const HOST_ROOM = 'metrics:host';
const HUB_ROOM = 'metrics:hub';
const LOG_ROOM: RoomName = 'logs:hub';

/** Samples and log lines: into rooms, out of them as frames, ranges and expositions; and the hub's own. */
export function openMetricsPart(options: MetricsPartOptions) {
  const { config, kinds, engines, publisher, rollups, metrics, logger, tap } = options;
  const clock = systemClock;
  const lost = tellNowAndThen((values, room: string, err: unknown) =>
    logger.warn({ err, room, values }, 'samples were lost: the store did not take them in time'),
  );
  const outbox = new RoomOutbox({ publisher, clock, retryForMs: RETRY_FOR_MS });
  const samples = new SampleCoalescer({
    outbox,
    clock,
    seriesPerSender: config.seriesPerSender,
    onLost: (room, values, err) => {
      metrics.ingestLost.inc({ what: 'samples' }, values);
      lost(values, room, err);
    },
  });
  const lines = new LogCoalescer({ outbox, clock });
  const ingest = new IngestService({
    kinds,
    clock,
    samples,
    lines,
    rooms: new SenderRooms(config.senderRooms.flatMap((rule) => parseRoomRule(rule) ?? [])),
    onSeriesRefused: tellNowAndThen((refused, sender: string) =>
      logger.warn({ sender, refused }, 'samples were refused: their sender has too many series in a room'),
    ),
    checkPayload: (payload) => checkPayload(payload, { depth: config.payloadDepth, bytes: config.payloadBytes }),
    count: (what, outcome, amount) => metrics.ingested.inc({ what, outcome }, amount),
  });
  const view = createMetricView({
    clock,
    frameIntervalMs: config.frameIntervalMs,
    viewsPerHolder: shareOf(VIEWS_PER_ROOM, config.viewSharePercent),
    past: rollups && ((query) => readPast({ ...query, log: engines.log, rollups })),
    onSeriesLeftOut: (_room, values) => metrics.seriesLeftOut.inc(values),
  });
  const ends: (() => void)[] = [];

  const start = () => {
    if (!config.hostMetrics) return;
    const sampler = (room: string) => ({
      sink: samples,
      clock,
      room: parseRoom(room, kinds),
      onFault: (error: unknown) => logger.warn({ err: error, room }, 'a sample failed'),
    });
    ends.push(startHostSampler({ ...sampler(HOST_ROOM), mayReport: () => mayReportHost(engines) }));
    ends.push(startHubSampler({ ...sampler(HUB_ROOM), node: engines.nodeId, ...hubReadings(metrics) }));
    tap.start((batch, id) => publisher.publish(LOG_ROOM, 'lines', { lines: batch }, { id }));
  };

  return {
    viewOf: (kind: string): OpenView | undefined => ((kinds[kind]?.frameIntervalMs ?? 0) > 0 ? view : undefined),
    http: metricQueries(options),
    ingestRoutes: (authenticate: (req: IncomingMessage) => Promise<Principal>): RequestHandler =>
      createSenderRoutes({
        ingest,
        multiline: roomJoinRules(config.multiline),
        authenticate,
        bodyLimitBytes: config.ingestBodyBytes,
        onFault: (err) => logger.error({ err }, 'an ingestion failed'),
      }),
    start,
    close: async () => {
      for (const end of ends) end();
      await tap.stop();
      void outbox.drain(DRAIN_MS);
      await Promise.all([samples.flush(), lines.flush()]);
    },
  };
}

/** Says once per interval how much it was since: an absent store loses something many times a second. */
function tellNowAndThen<Details extends readonly unknown[]>(tell: (total: number, ...details: Details) => void) {
  let total = 0;
  let saidAt = Number.NEGATIVE_INFINITY;
  return (count: number, ...details: Details): void => {
    total += count;
    if (performance.now() - saidAt < TELL_MS) return;
    saidAt = performance.now();
    tell(total, ...details);
    total = 0;
  };
}

async function mayReportHost({ cache, nodeId }: Pick<Engines, 'cache' | 'nodeId'>): Promise<boolean> {
  const key = `host-metrics ${hostname()}`;
  if (!cache.far) return true;
  await cache.far.release(key, nodeId);
  return cache.far.claim(key, nodeId, HOST_CLAIM_MS);
}
