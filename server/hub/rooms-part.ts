import { formatPosition } from '../../shared/position.js';
import type { JobState } from '../../shared/protocol.js';
import type { Kinds, RoomName } from '../../shared/rooms.js';
import type { Principal } from '../auth/principal.js';
import type { Cache } from '../cache/cache.js';
import { ChannelRegistry } from '../delivery/channel-registry.js';
import { groupOf } from '../delivery/room-channel.js';
import type { RoomOutput } from '../delivery/room-output.js';
import { SlowConsumers } from '../delivery/slow-consumers.js';
import type { Engines } from '../engines/engines.js';
import { systemClock } from '../observe/clock.js';
import type { HubMetrics } from '../observe/metrics.js';
import { FeedRegistry } from '../rooms/feed-registry.js';
import type { LineHearer } from '../rooms/line-group.js';
import { FILTERS_PER_ROOM, LineGroups } from '../rooms/line-groups.js';
import type { LogPublisher } from '../rooms/log-publisher.js';
import { shareOf } from '../rooms/place-shares.js';
import type { OpenView } from '../rooms/room-view.js';
import { RoomService } from '../rooms/rooms.js';

export interface RoomsPartOptions {
  engines: Pick<Engines, 'log' | 'presence' | 'link'>;
  kinds: Kinds;
  publisher: LogPublisher;
  cache: Cache;
  cacheTtlMs: number;
  unsentBytes: number;
  /** See `shareOf`. */
  viewSharePercent: number;
  metrics: HubMetrics;
  output: RoomOutput;
  viewOf(kind: string): OpenView | undefined;
  ownsJob(principal: Principal, jobId: string): Promise<boolean>;
  endOfJob(jobId: string): Promise<JobState | undefined>;
  onFault(where: string, error: unknown): void;
}

const FEED_LINGER_MS = 10_000;
const FEED_VERIFY_MS = 5_000;
const RECENT_ENTRIES = 256;
const SLOW_CHECK_MS = 250;
const HELD_CHECK_MS = 20;

/** Rooms as this node serves them: feeds, the room service, the channels of its sockets, and the watch over slow ones. */
export function openRoomsPart(options: RoomsPartOptions) {
  const { engines, kinds, cache, cacheTtlMs, metrics, output, viewOf, onFault } = options;
  const { log, presence } = engines;
  const feeds = new FeedRegistry({
    log,
    lingerMs: FEED_LINGER_MS,
    // Within one process the log's followers miss nothing.
    verifyMs: engines.link ? FEED_VERIFY_MS : 0,
    recentEntries: RECENT_ENTRIES,
    onRepair: (_room, entries) => metrics.gapsRepaired.inc(entries),
    onFault: (error) => onFault('feed', error),
  });
  const lineGroups = new LineGroups({
    clock: systemClock,
    filtersPerHolder: shareOf(FILTERS_PER_ROOM, options.viewSharePercent),
    socketsOf: (room, name) => socketsOf(output, room, groupOf(room, name)),
  });
  const rooms = new RoomService({
    kinds,
    log,
    publisher: options.publisher,
    feeds,
    lineGroups,
    view: (parsed) => channels.view(parsed),
    presence,
    cache,
    ownsJob: options.ownsJob,
    endOfJob: options.endOfJob,
    onReturn: (recovered) => metrics.recovered.inc({ recovered: String(recovered) }),
    historyCacheTtlMs: cacheTtlMs,
    listCacheTtlMs: cacheTtlMs,
  });
  const channels = new ChannelRegistry({ feeds, log, presence, output, viewOf, now: Date.now });
  const slow = new SlowConsumers({
    unsentBytes: options.unsentBytes,
    checkMs: SLOW_CHECK_MS,
    checkHeldMs: HELD_CHECK_MS,
    onHold: () => metrics.slowHeld.inc(),
    onPolicy: (policy) => metrics.slowPolicies.inc({ policy }),
    onLeftOut: (policy, messages) => metrics.slowLeftOut.inc({ policy }, messages),
  });
  const close = () => {
    slow.close();
    feeds.close();
  };
  return { feeds, rooms, channels, slow, close };
}

function socketsOf(output: RoomOutput, room: RoomName, group: string): LineHearer {
  return {
    lines: (batch) => output.emit(group, 'lines', batch),
    gap: ({ epoch, seq }) => output.emit(group, 'notice', { kind: 'gap', room, position: formatPosition(epoch, seq) }),
  };
}
