import type { Server as HttpServer } from 'node:http';
import type { ServerOptions } from 'socket.io';
import { HubError } from '../../shared/errors.js';
import type { Config } from '../config.js';
import { createDelivery } from '../delivery/delivery.js';
import type { RoomOutput } from '../delivery/room-output.js';
import type { Engines } from '../engines/engines.js';
import { Arrivals } from '../limits/arrivals.js';
import { checkPayload } from '../limits/payload-checks.js';
import type { Logger } from '../observe/logger.js';
import type { HubMetrics } from '../observe/metrics.js';
import { Recovery } from '../recovery/recovery.js';
import { addAuthEvents } from '../socket/auth-events.js';
import type { EventHandler, EventHandlers } from '../socket/event-handler.js';
import { addJobEvents, type JobCalls } from '../socket/job-events.js';
import { addMetricEvents, type MetricCalls } from '../socket/metric-events.js';
import { addRoomEvents } from '../socket/room-events.js';
import { SocketServer } from '../socket/socket-server.js';
import type { HubServer } from '../socket/types.js';
import type { HttpEntrance } from './entrance.js';
import type { openRoomsPart } from './rooms-part.js';

export interface SocketPartOptions {
  server: HttpServer;
  io?: Partial<ServerOptions>;
  config: Config;
  engines: Pick<Engines, 'adapter' | 'presence' | 'sessions'>;
  entrance: HttpEntrance;
  roomsPart: ReturnType<typeof openRoomsPart>;
  jobs: JobCalls;
  metricQueries: MetricCalls;
  logger: Logger;
  metrics: HubMetrics;
}

export interface SocketPart {
  readonly io: HubServer;
  readonly output: RoomOutput;
  handle(event: string, handler: EventHandler): void;
  disconnectUser(userId: string): void;
  /** Clients that wait until they are let in. */
  arriving(): number;
  connections(): Record<string, number>;
  subscriptions(): number;
  /** Bytes written so far that the sockets do not count as theirs. */
  straightBytes(): number;
  /** Takes no new connection and, where there are other instances, asks the clients here to go to them. */
  drain(drainMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Bytes of one Socket.IO packet past which the connection is closed: room for the error to be told of what is only too large. */
const packetBytes = (payloadBytes: number) => (payloadBytes === 0 ? 1e8 : Math.max(1024 ** 2, 4 * payloadBytes));

/** Milliseconds over which the clients of a stopping instance go elsewhere. */
const SEND_AWAY_MS = 2_000;

/** Who comes and goes is told to those who are in as well, and is no reason to keep anybody waiting. */
const OF_ARRIVALS: ReadonlySet<string> = new Set(['presence', 'typing']);

function withTraffic(output: RoomOutput, onTraffic: () => void): RoomOutput {
  return {
    emit: (group, event, payload) => {
      if (!OF_ARRIVALS.has(event)) onTraffic();
      output.emit(group, event, payload);
    },
    message: (group, entry) => {
      onTraffic();
      output.message(group, entry);
    },
  };
}

/** By the hub's own events; those of the program around it are counted together. */
function countEvents(handlers: EventHandlers, { received }: HubMetrics): (event: string) => void {
  const ofEvent = received.talliesBy('event');
  return (event) => ofEvent(handlers.has(event) ? event : 'other').add();
}

/** Socket.IO with the hub's events. */
export function openSocketPart(options: SocketPartOptions): SocketPart {
  const { config, engines, entrance, roomsPart, logger, metrics } = options;
  const handlers: EventHandlers = new Map();
  addRoomEvents(handlers, roomsPart.rooms);
  addJobEvents(handlers, options.jobs);
  addMetricEvents(handlers, options.metricQueries);
  const onFault = (where: string, error: unknown) => {
    const code = error instanceof HubError ? error.code : 'internal';
    metrics.refused.inc({ code });
    if (code === 'internal') logger.error({ err: error, where }, 'an event failed');
    else logger.debug({ where, code, why: String(error) }, 'an event was refused');
  };
  addAuthEvents(handlers, (credentials, { request }) => entrance.authenticate(credentials, entrance.addressOf(request)));
  const connected = metrics.connected.talliesBy('transport');
  const onConnection = (transport: string) => connected(transport).add();
  const onDisconnection = (reason: string) => metrics.disconnected.inc({ reason });
  const delivered = metrics.delivered.tally({ transport: 'socket.io' });
  const delivery = createDelivery(config, (messages) => delivered.add(messages), roomsPart.slow);
  const windowMs = config.connectionRecoveryMs;
  const recovery = windowMs > 0 ? new Recovery({ store: engines.sessions, windowMs, isFor: config.connectionRecoveryFor }) : undefined;
  const arrivals = new Arrivals({ spreadMs: config.limits ? config.arrivalSpreadMs : 0 });
  const sockets = new SocketServer(options.server, {
    io: { ...socketOptions(options), ...delivery.io, ...options.io },
    entrance,
    arrivals,
    onConnection,
    onDisconnection,
    onFault,
    recovery,
    connection: {
      ...roomsPart,
      handlers,
      presence: engines.presence,
      roomsPerConnection: config.roomsPerConnection,
      unsentLimitBytes: config.unsentBytes,
      idWindowMs: config.idWindowMs,
      checkPayload: (payload) => checkPayload(payload, { depth: config.payloadDepth, bytes: config.payloadBytes }),
      onFault,
      onEvent: countEvents(handlers, metrics),
    },
  });
  delivery.attach(sockets.io);
  return {
    io: sockets.io,
    output: withTraffic(delivery.output, () => arrivals.busy()),
    arriving: () => arrivals.waiting,
    handle: (event, handler) => sockets.handle(event, handler),
    disconnectUser: (userId) => sockets.disconnectUser(userId),
    connections: () => sockets.byTransport(),
    subscriptions: () => sockets.subscriptions(),
    straightBytes: () => delivery.straightBytes(),
    // Alone there is nowhere else to go.
    drain: async (drainMs) => {
      if (engines.adapter) await sockets.sendAway(Math.min(drainMs, SEND_AWAY_MS));
    },
    close: async () => {
      await sockets.close();
      await recovery?.close();
    },
  };
}

function socketOptions({ config, engines, entrance }: SocketPartOptions): Partial<ServerOptions> {
  const limits = config.limits;
  return {
    pingInterval: config.pingIntervalMs,
    pingTimeout: config.pingTimeoutMs,
    maxHttpBufferSize: packetBytes(config.payloadBytes),
    transports: [...config.transports],
    // Those who may not come in are refused elsewhere: this lets the pages of those who may read what they get.
    cors: (request, done) => done(null, { origin: entrance.allowOrigin(request) ?? false }),
    perMessageDeflate: config.compression ? { threshold: config.compressionThresholdBytes } : false,
    httpCompression: config.compression ? { threshold: config.compressionThresholdBytes } : false,
    ...(limits && config.authenticateMs > 0 && { connectTimeout: config.authenticateMs }),
    ...(engines.adapter && { adapter: engines.adapter }),
  };
}
