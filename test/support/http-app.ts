import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createOriginCheck } from '../../server/auth/origins.js';
import type { Principal } from '../../server/auth/principal.js';
import { tokenOf } from '../../server/auth/token-of.js';
import { ChannelRegistry } from '../../server/delivery/channel-registry.js';
import { createHttpApp, type HttpApp, type HttpAppOptions } from '../../server/http/app.js';
import type { HttpJobs } from '../../server/http/jobs-api.js';
import { checkPayload } from '../../server/limits/payload-checks.js';
import { createMemoryRoomLog } from '../../server/log/memory-room-log.js';
import { createMetricView } from '../../server/metrics/metric-view.js';
import { systemClock } from '../../server/observe/clock.js';
import type { PresenceStore } from '../../server/presence/presence-store.js';
import { FeedRegistry } from '../../server/rooms/feed-registry.js';
import { LineGroups } from '../../server/rooms/line-groups.js';
import { LogPublisher } from '../../server/rooms/log-publisher.js';
import { RoomService, type RoomsOptions } from '../../server/rooms/rooms.js';
import { HubError } from '../../shared/errors.js';
import { KINDS } from '../../shared/rooms.js';
import type { Scope } from './scope.js';

export interface RunningApp extends HttpApp {
  readonly url: string;
  /** The server's ends of its open connections. */
  readonly sockets: ReadonlySet<Socket>;
  readonly rooms: RoomService;
  readonly feeds: FeedRegistry;
  /** What was logged as an error. */
  readonly faults: object[];
}

const NO_GRANTS = { read: [], write: [], ingest: [] };
export const ALICE: Principal = { user: { id: 'alice', name: 'Alice' }, guest: false, admin: false, grants: NO_GRANTS };
export const ROOT: Principal = { ...ALICE, user: { id: 'root', name: 'Root' }, admin: true };

/** Tokens are names here; `expired` is refused, as a real one would be. */
const PRINCIPALS: Readonly<Record<string, Principal>> = { alice: ALICE, root: ROOT, bob: { ...ALICE, user: { id: 'bob', name: 'Bob' } } };

export async function authenticateByName(req: { headers: object; url?: string }): Promise<Principal> {
  const token = tokenOf(req.headers, req.url) ?? 'alice';
  const principal = Object.hasOwn(PRINCIPALS, token) ? PRINCIPALS[token] : undefined;
  if (!principal) throw new HubError('unauthorized', 'the token is expired');
  return principal;
}

const nobodyThere: PresenceStore = {
  join: () => {},
  leave: () => {},
  list: async () => ({ count: 1, users: [ALICE.user] }),
  follow: async () => () => {},
  close: async () => {},
};

const noJobs: HttpJobs = {
  submit: async () => Promise.reject(new HubError('unknown_job')),
  get: async () => Promise.reject(new HubError('unknown_job')),
  cancel: async () => Promise.reject(new HubError('unknown_job')),
  inspect: async () => Promise.reject(new HubError('unknown_job')),
  retry: async () => Promise.reject(new HubError('unknown_job')),
  discard: async () => Promise.reject(new HubError('unknown_job')),
  list: async () => [],
  openResult: async () => undefined,
};

const NO_METRICS = { text: '{}', etag: '"none"', freshUntil: 0 };

const metricView = createMetricView({ clock: systemClock, frameIntervalMs: KINDS.metrics.frameIntervalMs });
const viewOfMetrics = (kind: string) => (kind === 'metrics' ? metricView : undefined);

/** Rooms over a log in memory, as the hub puts them together. */
export function memoryRooms(
  scope: Scope,
  presence: PresenceStore = nobodyThere,
  jobs: Partial<Pick<RoomsOptions, 'ownsJob' | 'endOfJob'>> = {},
): { rooms: RoomService; feeds: FeedRegistry } {
  const log = createMemoryRoomLog();
  const feeds = new FeedRegistry({ log, lingerMs: 1_000, verifyMs: 0, recentEntries: 100, onRepair: () => {}, onFault: () => {} });
  scope.defer(feeds, (open) => open.close());
  const output = { emit: () => {}, message: () => {} };
  const channels = new ChannelRegistry({ feeds, log, presence, output, viewOf: viewOfMetrics, now: Date.now });
  const rooms = new RoomService({
    kinds: KINDS,
    log,
    publisher: new LogPublisher({ log, kinds: KINDS, randomId: () => crypto.randomUUID(), onPublish: () => {} }),
    feeds,
    lineGroups: new LineGroups({ clock: systemClock, socketsOf: () => ({ lines: () => {}, gap: () => {} }) }),
    view: (parsed) => channels.view(parsed),
    presence,
    ownsJob: async () => false,
    endOfJob: async () => undefined,
    ...jobs,
    cache: { read: (_key, { compute }) => compute() },
    onReturn: () => {},
    historyCacheTtlMs: 0,
    listCacheTtlMs: 0,
  });
  return { rooms, feeds };
}

/** The options of an application whose neighbours are real where they are cheap, and nobody's otherwise. */
export function appOptions(rooms: HttpAppOptions['rooms'], faults: object[] = []): HttpAppOptions {
  return {
    rooms,
    jobs: noJobs,
    metrics: { query: async () => NO_METRICS, latest: async () => NO_METRICS },
    authenticate: authenticateByName,
    addressOf: (req) => req.socket.remoteAddress ?? 'unknown',
    take: () => {},
    admitAddress: async () => () => {},
    origins: createOriginCheck({ origins: ['https://allowed.example'], loopback: true, behindProxy: false }),
    checkPayload: (value) => checkPayload(value, { depth: 32, bytes: 0 }),
    disconnectUser: async () => {},
    notReadyBecause: () => [],
    metricsText: async () => '# nothing\n',
    metricsAccess: { for: 'anyone' },
    log: { debug: () => {}, error: (fields) => void faults.push(fields) },
    limits: { payloadBytes: 4_096, bodyTimeoutMs: 5_000 },
    embedded: false,
  };
}

/** Serves an application on a free port. */
export async function startHttpApp(scope: Scope, overrides: Partial<HttpAppOptions> = {}): Promise<RunningApp> {
  const { rooms, feeds } = memoryRooms(scope);
  const faults: object[] = [];
  const http = createHttpApp({ ...appOptions(rooms, faults), ...overrides });
  const sockets = new Set<Socket>();
  const server = createServer(http.app).on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return { ...http, rooms, feeds, faults, sockets, url: await listen(scope, server) };
}

/** Listens on loopback; gives the address. */
export async function listen(scope: Scope, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.defer(server, (open) => {
    open.closeAllConnections();
    return new Promise((resolve) => open.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
