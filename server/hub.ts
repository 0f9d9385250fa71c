import { randomUUID } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import type { Express } from 'express';
import type { ServerOptions } from 'socket.io';
import type { z } from 'zod';
import type { PublishAnswer } from '../shared/protocol.js';
import type { Principal } from './auth/principal.js';
import type { Cache } from './cache/cache.js';
import { createCache } from './cache/layered-cache.js';
import { createOwnCache } from './cache/own-cache.js';
import { type Config, kindsFrom } from './config.js';
import type { Engines } from './engines/engines.js';
import { countPublications } from './hub/count-publications.js';
import { openEntrance } from './hub/entrance.js';
import { openHttpPart } from './hub/http-part.js';
import { openJobsPart } from './hub/jobs-part.js';
import { openMetricsPart } from './hub/metrics-part.js';
import { type OwnJobs, ownJobs } from './hub/own-jobs.js';
import { endingPages } from './hub/presence-pages.js';
import { openRollupsPart } from './hub/rollups-part.js';
import { openRoomsPart } from './hub/rooms-part.js';
import { openSocketPart } from './hub/socket-part.js';
import { bringTallies } from './hub/tallies.js';
import type { AddJob } from './jobs/handler.js';
import type { LogTap } from './observe/log-tap.js';
import type { Logger } from './observe/logger.js';
import type { HubMetrics } from './observe/metrics.js';
import { presenceTag, ROOMS_TAG } from './rooms/cached-reads.js';
import { LogPublisher } from './rooms/log-publisher.js';
import { type EventContext, handler } from './socket/event-handler.js';
import type { HubServer } from './socket/types.js';

/** A hub in somebody's program. */
export interface Hub {
  /** The Socket.IO server: everything of it is there, beside the hub's own events. */
  readonly io: HubServer;
  /** The HTTP side, to be mounted (`theirs.use(hub.app)`) where the server's own listener does not call it. */
  readonly app: Express;
  readonly cache: Pick<Cache, 'read' | 'invalidate'>;
  /**
   * Adds an event that clients may send: its payload is held against the schema, what `run` gives is the acknowledgement, and what it throws
   * (HubError for a code of its own) the refusal.
   * @throws Error when the event has a handler already
   */
  handle<Schema extends z.ZodType>(
    event: string,
    schema: Schema,
    run: (context: Omit<EventContext<z.output<Schema>>, 'connection'>) => unknown,
  ): void;
  /** Adds a heavy handler. */
  readonly job: AddJob;
  /** Hands a job in, as the hub. */
  readonly submit: OwnJobs['submit'];
  /** Runs a job to its end, as the hub. */
  readonly run: OwnJobs['run'];
  /** Publishes as the hub, or as whoever `from` names. @throws HubError as RoomLog.append */
  publish(
    room: string,
    data: unknown,
    options?: { type?: string; id?: string; from?: { id: string; name: string } },
  ): Promise<PublishAnswer>;
  /** Ends every connection of a user on all instances. */
  disconnectUser(userId: string): void;
  /** Sends clients elsewhere, and lets jobs end within the configured time. */
  close(): Promise<void>;
}

export interface HubParts {
  server: HttpServer;
  config: Config;
  engines: Engines;
  logger: Logger;
  metrics: HubMetrics;
  /** Socket.IO's own options. */
  io?: Partial<ServerOptions>;
  /** The server is somebody's: what is not the hub's goes to its own listeners. */
  embedded: boolean;
  /** Takes the hub's own log lines to its log room. */
  tap: LogTap;
  /** What `/metrics` shows; default: the metrics of this process. */
  metricsText?: () => Promise<string>;
  /** Directory of the built pages. */
  webDir: string;
  /** The built file of a job's thread. */
  threadFile: URL;
}

/** Assembles a hub on an HTTP server that somebody else opens. */
export async function createHub(given: HubParts): Promise<Hub> {
  const { config, logger, metrics } = given;
  const kinds = kindsFrom(config);
  const off = config.cacheMaxEntries === 0;
  const cache = createCache({ ...given.engines.cache, off, onServe: (ageMs) => metrics.cacheAge.observe(ageMs / 1_000) });
  const presence = endingPages(given.engines.presence, (room) => void cache.invalidateHere(presenceTag(room)));
  const engines = { ...given.engines, presence };
  const parts = { ...given, engines };
  const onFault = (where: string, err: unknown) => logger.warn({ err, where }, 'a part of the hub failed');
  const { entrance, origins, close: closeEntrance } = openEntrance({ config, shared: engines.limits });

  const rollupsPart = openRollupsPart({ ...parts, kinds });
  const count = countPublications(metrics);
  const publisher = new LogPublisher({
    log: engines.log,
    kinds,
    randomId: randomUUID,
    onPublish: (kind, repeated, seconds, room) => {
      count(kind, repeated, seconds);
      rollupsPart.wrote(kind, room);
    },
    onNewRoom: async (kind) => {
      // Jobs have a list of their own, and each brings a room: nobody looks for it among the rooms.
      if (kind !== 'job') await cache.invalidate(ROOMS_TAG);
    },
  });

  // Jobs, rooms and sockets each speak to the others: what is called later is found by then.
  const admitReader = (principal: Principal, room: string) => roomsPart.rooms.admit(principal, 'read', room);
  const admitWriter = (principal: Principal, room: string) => roomsPart.rooms.admit(principal, 'write', room);
  const metricRooms = openMetricsPart({ ...parts, kinds, cache, publisher, admitReader, rollups: rollupsPart.rollups });
  const jobs = await openJobsPart({
    ...parts,
    publisher,
    admitReader,
    admitWriter,
    cache,
    takeHeavy: config.jobsInServer,
    takeOnLoop: true,
  });
  const roomsPart = openRoomsPart({
    engines,
    kinds,
    publisher,
    cache,
    cacheTtlMs: config.cacheTtlMs,
    unsentBytes: config.unsentBytes,
    viewSharePercent: config.viewSharePercent,
    metrics,
    output: {
      emit: (group, event, payload) => sockets.output.emit(group, event, payload),
      message: (group, entry) => sockets.output.message(group, entry),
    },
    viewOf: metricRooms.viewOf,
    ownsJob: (principal, jobId) => jobs.service.mayFollow(principal, jobId),
    endOfJob: (jobId) => jobs.service.endOf(jobId),
    onFault,
  });
  const { rooms } = roomsPart;
  const disconnectUser = (userId: string) => sockets.disconnectUser(userId);
  const http = openHttpPart({ ...parts, entrance, origins, roomsPart, jobs: jobs.service, metricRooms, disconnectUser });
  const sockets = openSocketPart({ ...parts, entrance, roomsPart, jobs: jobs.service, metricQueries: metricRooms.http });
  metrics.watch({
    connections: () => ({ ...sockets.connections(), stream: http.streams() }),
    rooms: () => roomsPart.channels.size,
    subscriptions: () => sockets.subscriptions(),
    arriving: () => sockets.arriving(),
    slowConsumers: () => roomsPart.slow.held,
    jobs: () => engines.jobs.depth(),
    jobThreads: jobs.threads,
    cache: () => engines.cache.near.held(),
    redisUp: () => engines.link?.ready() ?? true,
    disk: () => engines.disk?.(),
  });
  const endTallies = bringTallies({ ...parts, sockets, cache });
  metricRooms.start();
  rollupsPart.start();
  // A link to Redis says it by itself, once it knows.
  if (!engines.link) logger.info({ store: config.store }, engines.log.durability);

  const close = async () => {
    // First of all not ready any more: a load balancer must not send those who leave back to here.
    http.close();
    await sockets.drain(config.drainMs);
    await Promise.all([metricRooms.close(), jobs.close(config.drainMs)]);
    await rollupsPart.close();
    await sockets.close();
    roomsPart.close();
    closeEntrance();
    endTallies();
    await cache.close();
  };
  return {
    io: sockets.io,
    app: http.app,
    cache: createOwnCache(cache),
    handle: (event, schema, run) => sockets.handle(event, handler(schema as never, run as never)),
    job: (name, declaration) => jobs.add(name, declaration),
    ...ownJobs(jobs.service, engines.log),
    publish: async (room, data, { type = 'text', ...options } = {}) => publisher.publish(rooms.parse(room).room, type, data, options),
    disconnectUser,
    close,
  };
}
