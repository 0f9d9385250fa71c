import { availableParallelism } from 'node:os';
import { LIMITS } from '../../shared/limits.js';
import { type Access, KINDS, SLOW_POLICIES, type SlowPolicy } from '../../shared/rooms.js';
import { ANY_TEXT, choice, list, type Option, onOff, optionalText, text, whole, wholeOr } from './option.js';
import {
  GRANT,
  HTTP_ADDRESS,
  JWT_SECRET,
  KEY_PREFIX,
  ORIGIN,
  REDIS_ADDRESS,
  ROOM_JOIN_RULE,
  ROOM_RULE,
  TRANSPORT,
  TRANSPORTS,
  type Transport,
} from './text-forms.js';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;
const GIB = 1024 ** 3;

const listening = {
  port: whole({ min: 0, max: 65_535, default: 3_000 }, 'Port to listen on; 0 takes a free one.', { env: 'PORT' }),
  host: text('127.0.0.1', ANY_TEXT, 'Address to bind. Anything but loopback needs tokenSecret or jwks.'),
  instances: wholeOr(
    'auto',
    { min: 1, max: 256, default: 1 },
    'Processes of roomcast serve that share the port, joined by Redis; auto: one per core with Redis, else 1.',
  ),
  tlsCert: optionalText(
    ANY_TEXT,
    'PEM file of the certificate chain; with tlsKey the hub speaks HTTPS and WSS. Read again when it changes.',
  ),
  tlsKey: optionalText(ANY_TEXT, 'PEM file of the private key of tlsCert.'),
  trustProxy: whole(
    { min: 0, max: 10, default: 0 },
    'Reverse proxies in front whose X-Forwarded-For names the client; 0: the connection itself does.',
  ),
  transports: list<Transport>(TRANSPORTS, TRANSPORT, 'Socket.IO transports that clients may use.'),
  compression: onOff(false, 'permessage-deflate for WebSocket messages of compressionThresholdBytes and more: less traffic, more CPU.'),
  compressionThresholdBytes: whole(
    { min: 0, max: GIB, default: 1_024 },
    'Bytes from which a message is compressed, where compression is on.',
  ),
  delivery: choice(
    ['turn', 'stock'],
    'turn',
    "How WebSockets are written to: turn joins what one turn of the event loop sends and shares a room's messages; stock as Socket.IO does.",
  ),
  deliveryWindowMs: whole(
    { min: 0, max: 5, default: 0 },
    'Milliseconds that a busy hub waits between two writes to a room, and between two commits of the embedded log, for less CPU; 0: never. 2 is a good value. Of delivery turn.',
  ),
  pingIntervalMs: whole({ min: 100, max: HOUR_MS, default: 25_000 }, 'Milliseconds between two heartbeats to a client.'),
  pingTimeoutMs: whole(
    { min: 100, max: HOUR_MS, default: 20_000 },
    'Milliseconds without an answer to a heartbeat after which a client is gone.',
  ),
  web: onOff(true, "The hub's own pages at /."),
  drainMs: whole({ min: 0, max: HOUR_MS, default: 10_000 }, 'Milliseconds that a stopping hub gives its clients and running jobs.'),
};

const storage = {
  store: choice(
    ['auto', 'lmdb', 'memory', 'redis'],
    'auto',
    'Where rooms live: auto is redis with REDIS_URL, else lmdb (files in dataDir); memory forgets at exit.',
  ),
  dataDir: text('./data', ANY_TEXT, 'Directory of the embedded store; one running hub per directory.'),
  diskReserveBytes: whole(
    { min: 1_048_576, max: 64 * GIB, default: 67_108_864 },
    "Bytes of dataDir's file system that are kept free, at most an eighth of it: with less, whatever adds to the store is refused as storage_full.",
  ),
  redisUrl: optionalText(REDIS_ADDRESS, 'Redis that joins several instances into one hub.', { env: 'REDIS_URL', secret: true }),
  redisPrefix: text('rc', KEY_PREFIX, 'In front of each Redis key and channel: hubs of different prefixes share a Redis without meeting.'),
  redisCommandTimeoutMs: whole(
    { min: 100, max: 60_000, default: 1_500 },
    'Milliseconds after which an unanswered Redis command counts as failed.',
  ),
  idWindowMs: whole(
    { min: SECOND_MS, max: DAY_MS, default: 600_000 },
    "Milliseconds for which a message's id is remembered, so that a retry is not stored twice.",
  ),
  presenceGraceMs: whole(
    { min: 0, max: HOUR_MS, default: 10_000 },
    'Milliseconds for which a user whose last connection went is still shown.',
  ),
  presenceLeaseMs: whole(
    { min: SECOND_MS, max: HOUR_MS, default: 15_000 },
    'Milliseconds after which the members of an instance that died are gone.',
  ),
  connectionRecoveryMs: whole(
    { min: 0, max: DAY_MS, default: 120_000 },
    'Milliseconds for which stock Socket.IO clients may come back to their rooms and data after a lost connection; 0: never.',
  ),
  connectionRecoveryFor: choice(
    ['asking', 'all'],
    'asking',
    'Which stock clients may: those that ask for it with `auth.recovery`, or all but those that say no; their messages have a second argument then.',
  ),
  cacheMaxEntries: whole(
    { min: 0, max: 10_000_000, default: 10_000 },
    'Cached answers kept in memory by each instance; 0 turns the cache off.',
  ),
  cacheMaxBytes: whole(
    { min: 1_048_576, max: 64 * GIB, default: 67_108_864 },
    'Bytes of cached answers kept in memory by each instance; one of more than 1 MiB is not kept.',
  ),
  cacheTtlMs: whole(
    { min: 0, max: DAY_MS, default: 2_000 },
    'Milliseconds for which a costly read (room list, presence page, history page, metric range) is fresh; for as long again the old answer is given while a new one is computed.',
  ),
};

const access = {
  tokenSecret: optionalText(JWT_SECRET, 'Secret of HS256 tokens (JWT).', { secret: true }),
  jwks: optionalText(ANY_TEXT, 'Public keys of RS256, ES256 or EdDSA tokens: a JWKS file, or its http:// or https:// address.'),
  tokenIssuer: optionalText(ANY_TEXT, 'The `iss` that every token must have.'),
  tokenAudience: optionalText(ANY_TEXT, 'The `aud` that every token must have.'),
  guests: choice(
    ['auto', 'on', 'off'],
    'auto',
    'Whether clients without a token are let in: auto is on when bound to loopback with neither tokenSecret nor jwks.',
  ),
  guestGrants: list<string>([], GRANT, 'Rooms that guests may use beside those whose kind is open to anyone.', {
    defaultText: 'ingest:metrics:*,ingest:logs:* while no token can be checked, else none',
  }),
  origins: list<string>([], ORIGIN, 'Origins whose pages may connect.', {
    defaultText: "the hub's own origin; loopback ones too when bound to loopback",
  }),
  metricsToken: optionalText(
    ANY_TEXT,
    'Bearer token that /metrics asks for; without one it answers anyone when bound to loopback, else admin tokens only.',
    {
      secret: true,
    },
  ),
};

const sizes = { bytes: GIB, count: 10_000_000 };
const limits = {
  limits: onOff(true, 'Rate limits: events, publications, connections and failed tokens. Off is for measuring; sizes stay limited.'),
  payloadBytes: whole(
    { min: 0, max: sizes.bytes, default: LIMITS.payloadBytes },
    'Bytes of one event or message; 0: only the 100 MB that Socket.IO is built for.',
  ),
  payloadDepth: whole(
    { min: 0, max: 512, default: LIMITS.payloadDepth },
    'Levels that a payload may be nested; 0: 512, past which decoders run out of stack.',
  ),
  ingestBodyBytes: whole(
    { min: 0, max: sizes.bytes, default: LIMITS.ingestBodyBytes },
    'Bytes of one ingestion request, unpacked; 0: no limit.',
  ),
  seriesPerSender: whole(
    { min: 0, max: sizes.count, default: LIMITS.seriesPerSender },
    'Series that one sender may have in one metric room within ten minutes; the samples of others are refused and counted. 0: no limit.',
  ),
  roomsPerConnection: whole(
    { min: 0, max: sizes.count, default: LIMITS.roomsPerConnection },
    'Rooms that one connection may be in; 0: no limit.',
  ),
  viewSharePercent: whole(
    { min: 1, max: 100, default: 20 },
    'Percent of the different filters (500) and views (200) that a room can have on one instance, of which one user, or all guests of one address, may use so many at once; 100: all.',
  ),
  eventsPerSecond: whole(
    { min: 0, max: sizes.count, default: LIMITS.eventsPerSecond },
    'Events per second of one connection, over some seconds; 0: no limit.',
  ),
  publishesPerSecond: whole(
    { min: 0, max: sizes.count, default: LIMITS.publishesPerSecond },
    'Publications per second of one connection, and of one user on all instances; 0: no limit.',
  ),
  connectionsPerAddress: whole(
    { min: 0, max: sizes.count, default: LIMITS.connectionsPerAddress },
    'Connections at a time from one address (an IPv6 /64), on all instances; 0: no limit.',
  ),
  arrivalSpreadMs: whole(
    { min: 0, max: 15_000, default: 5_000 },
    'Milliseconds over which clients that come at once are let in while messages flow, for the sake of those who are in; 0: at once.',
  ),
  authFailuresPerMinute: whole(
    { min: 0, max: sizes.count, default: 30 },
    'Refused tokens per minute from one address, after which it waits; 0: no limit.',
  ),
  authenticateMs: whole(
    { min: 0, max: HOUR_MS, default: LIMITS.authenticateMs },
    'Milliseconds that a connection has to authenticate; 0: no limit.',
  ),
  unsentBytes: whole(
    { min: 16_384, max: GIB, default: 1_048_576 },
    "Bytes waiting for one connection, past which it counts as slow and its rooms' policy applies.",
  ),
};

const jobs = {
  jobThreads: whole(
    { min: 1, max: 1_024, default: Math.max(1, availableParallelism() - 1) },
    'Threads for heavy handlers in this process.',
    {
      defaultText: 'cores less one, at least 1',
    },
  ),
  jobWarmThreads: whole(
    { min: 0, max: 1_024, default: 1 },
    'Of them, threads that start with the process and stay, some 25 MB each: a job finds its stores open and its code loaded.',
  ),
  jobNice: whole(
    { min: 0, max: 19, default: 10 },
    'Niceness of the threads that jobs run in: the higher, the more the rest of the machine goes before them. 19 suits workers beside a hub.',
  ),
  jobConcurrency: whole({ min: 0, max: 1_024, default: 0 }, 'Jobs at a time in this process; 0: as many as jobThreads.'),
  jobsInServer: onOff(true, 'Whether serve runs jobs too; off leaves them to processes of roomcast worker.'),
  workerPort: whole({ min: 0, max: 65_535, default: 0 }, "Port of roomcast worker's /healthz, /readyz and /metrics; 0: none."),
  workerHost: text('127.0.0.1', ANY_TEXT, 'Address that workerPort is bound to; where it is not loopback, /metrics asks for metricsToken.'),
  jobQueueMax: whole({ min: 1, max: 10_000_000, default: 1_000 }, 'Jobs that may wait; past it a submission is refused as busy.'),
  jobTimeoutMs: whole(
    { min: 100, max: DAY_MS, default: 300_000 },
    'Milliseconds that one attempt of a job may take, where its handler does not say.',
  ),
  jobLeaseMs: whole(
    { min: SECOND_MS, max: HOUR_MS, default: 15_000 },
    'Milliseconds without a sign from a hub or worker after which its jobs are given to others; with Redis alone.',
  ),
  jobResultTtlMs: whole(
    { min: SECOND_MS, max: YEAR_MS, default: HOUR_MS },
    'Milliseconds for which a finished job and its result are kept.',
  ),
  jobFailedTtlMs: whole(
    { min: SECOND_MS, max: YEAR_MS, default: 7 * DAY_MS },
    'Milliseconds for which a failed job is kept, to be looked at and run again.',
  ),
  resultsMaxBytes: whole(
    { min: 0, max: 1_024 * 1_024 * GIB, default: 0 },
    'Bytes of all result files together, past which a job that writes one fails as storage_full; 0: 8 GiB on disk, 1 GiB in Redis.',
  ),
  resultsPerUserMaxBytes: whole(
    { min: 0, max: 1_024 * 1_024 * GIB, default: 0 },
    'The same of one user, or of all guests of one address; 0: a quarter of resultsMaxBytes.',
  ),
  bullBoard: onOff(false, 'bull-board at /admin/queues, for admins to look at; with Redis alone.'),
  jobHandlers: optionalText(ANY_TEXT, 'Module with handlers of your own for heavy work (docs/jobs.md).'),
};

const observing = {
  hostMetrics: onOff(true, "The machine's and the hub's own numbers in the rooms metrics:host and metrics:hub, its log in logs:hub."),
  logLevel: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info', 'Least severe log lines that are written.'),
  logFormat: choice(['auto', 'pretty', 'json'], 'auto', 'Log lines for people or for machines: auto is pretty on a terminal, else json.'),
};

export type KindName = keyof typeof KINDS;
const KIND_NAMES = Object.keys(KINDS) as KindName[];
/** Kinds whose rooms belong to nobody: who may use them is a deployment's choice. */
const OPEN_KINDS = ['chat', 'metrics', 'logs'] as const satisfies KindName[];
type OpenKind = (typeof OPEN_KINDS)[number];

type KindOptions = Record<`${KindName}HistoryMessages` | `${KindName}HistoryTtlMs`, Option<number>> &
  Record<`${KindName}Slow`, Option<SlowPolicy>> &
  Record<`${OpenKind}Read` | `${OpenKind}Write`, Option<Access>>;

function kindOptions(): KindOptions {
  const history = KIND_NAMES.flatMap((kind) => {
    const { historyMessages, historyTtlMs } = KINDS[kind];
    return [
      [
        `${kind}HistoryMessages`,
        whole({ min: 0, max: 1e9, default: historyMessages }, `Messages kept in each ${kind} room; 0: no limit by count.`),
      ],
      [
        `${kind}HistoryTtlMs`,
        whole(
          { min: 0, max: 10 * YEAR_MS, default: historyTtlMs },
          `Milliseconds for which messages of ${kind} rooms are kept; 0: no limit by age.`,
        ),
      ],
    ] as const;
  });
  const ACCESS: readonly Access[] = ['anyone', 'ticket'];
  const allowed = OPEN_KINDS.flatMap((kind) => [
    [
      `${kind}Read`,
      choice(ACCESS, KINDS[kind].read, `Who may subscribe to ${kind} rooms: anyone admitted, or a token that says so.`),
    ] as const,
    [
      `${kind}Write`,
      choice(ACCESS, KINDS[kind].write, `Who may publish into ${kind} rooms: anyone admitted, or a token that says so.`),
    ] as const,
  ]);
  const slow = KIND_NAMES.map((kind) => {
    // A frame holds the newest values: there is nothing to choose from.
    const policies: readonly SlowPolicy[] = KINDS[kind].frameIntervalMs > 0 ? ['latest-per-key', 'disconnect'] : SLOW_POLICIES;
    return [
      `${kind}Slow`,
      choice(policies, KINDS[kind].slow, `What a reader of a ${kind} room that does not keep up is given of what it missed.`),
    ] as const;
  });
  // The keys are made from the kinds' names, as the return type says.
  return Object.fromEntries([...history, ...allowed, ...slow]) as KindOptions;
}

const rooms = {
  ...kindOptions(),
  frameIntervalMs: whole(
    { min: 10, max: 60_000, default: KINDS.metrics.frameIntervalMs },
    'Milliseconds of samples that become one frame of a metric room.',
  ),
  rollupSecondTtlMs: whole(
    { min: 0, max: YEAR_MS, default: HOUR_MS },
    'Milliseconds for which metric rooms keep count, sum, least, greatest and last value per second; 0: not at all.',
  ),
  rollupTenSecondsTtlMs: whole({ min: 0, max: YEAR_MS, default: 6 * HOUR_MS }, 'The same per ten seconds.'),
  rollupMinuteTtlMs: whole({ min: 0, max: 10 * YEAR_MS, default: 2 * DAY_MS }, 'The same per minute.'),
  slowMessages: whole(
    { min: 1, max: 1_000, default: LIMITS.slowMessages },
    'Missed messages that a slow reader is given at most, where its room drops the oldest, samples, or gives the latest per key.',
  ),
  multiline: list<string>(
    [],
    ROOM_JOIN_RULE,
    'How lines that belong together become one entry of a log room, where their sender does not say; where no pair fits, stack traces are joined.',
  ),
  senderRooms: list<string>(
    [],
    ROOM_RULE,
    "Which samples and lines of Prometheus, OpenTelemetry, Influx and Loki senders go to which room; where no rule fits, the sender's job, service or bucket names it.",
  ),
};

/** Every option of a hub, by what it is about. Variables and flags take their names from the keys: `dataDir`, `ROOMCAST_DATA_DIR`, `--data-dir`. */
export const SECTIONS = {
  Listening: listening,
  Storage: storage,
  Access: access,
  Limits: limits,
  Rooms: rooms,
  Jobs: jobs,
  Observing: observing,
};

export const OPTIONS = { ...listening, ...storage, ...access, ...limits, ...rooms, ...jobs, ...observing };

/** What the commands that talk to a running hub take; their variables may stand beside a hub's own. */
export const CLIENT_OPTIONS = {
  url: text('http://127.0.0.1:3000', HTTP_ADDRESS, 'Address of the running hub.'),
  token: optionalText(ANY_TEXT, 'Token to show to it.', { secret: true }),
};
