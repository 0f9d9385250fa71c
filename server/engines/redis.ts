import { setTimeout as delay } from 'node:timers/promises';
import { createHubAdapter } from '../adapter/hub-adapter.js';
import { openRedisLink, type RedisLink } from '../adapter/redis-link.js';
import { createMemoryCacheStore } from '../cache/memory-cache-store.js';
import { createRedisCacheStore } from '../cache/redis-cache-store.js';
import { OPTIONS } from '../config/options.js';
import { BULL_BOARD_PATH } from '../http/bull-board-gate.js';
import { createBullmqJobQueue } from '../jobs/bullmq-job-queue.js';
import { createRedisResultStore } from '../jobs/redis-result-store.js';
import { createRedisSharedLimits } from '../limits/redis-shared-limits.js';
import { createRedisRoomLog } from '../log/redis-room-log.js';
import { createRedisRollupStore } from '../metrics/rollups/redis-rollup-store.js';
import { createRedisPresenceStore } from '../presence/redis-presence-store.js';
import { createRedisSessionStore } from '../recovery/redis-session-store.js';
import { cacheBounds, levelsOf, PRESENCE_COALESCE_MS, resultBounds } from './bounds.js';
import type { Engines, EnginesOptions } from './engines.js';

/** A start waits so long for Redis, and for longer while the first attempt to connect is still under way. */
const REDIS_AT_START_MS = 1_000;
const REDIS_AT_START_MAX_MS = 10_000;
/** Bytes of one result file: Redis holds it in memory. */
const REDIS_RESULT_BYTES = 256 * 1024 ** 2;
const REDIS_RESULTS_BYTES = 1024 ** 3;

/** A Redis that is there is ready before the first client is, however busy the machine; one that is away is not waited for. */
async function reachedOrTried(link: RedisLink): Promise<void> {
  const passed = (ms: number) => delay(ms, undefined, { ref: false });
  await Promise.race([link.whenUp(), Promise.all([link.tried, passed(REDIS_AT_START_MS)]), passed(REDIS_AT_START_MAX_MS)]);
}

/** The link goes on trying when Redis is away at the start too; until then `/readyz` says so and publications are refused. */
export async function openRedis({ config, nodeId, rates, logger }: EnginesOptions): Promise<Engines> {
  const { redisUrl: url = '', redisPrefix: prefix, presenceGraceMs: graceMs, presenceLeaseMs: leaseMs } = config;
  const { jobQueueMax: queuedMax, jobLeaseMs: lockMs } = config;
  const link = openRedisLink({ url, commandTimeoutMs: config.redisCommandTimeoutMs, log: logger });
  await reachedOrTried(link);
  // Under the default prefix, other Socket.IO programs and emitters on the same Redis find the hub's channels where they expect them.
  const channelPrefix = prefix === OPTIONS.redisPrefix.default ? 'socket.io' : `${prefix}:socket.io`;
  const keys = `${prefix}:`;
  const onFault = (err: unknown) => logger.error({ err }, 'the room log failed');
  const log = createRedisRoomLog({ link, prefix: keys, channelPrefix, idWindowMs: config.idWindowMs, onFault });
  const presence = createRedisPresenceStore({ link, prefix, nodeId, leaseMs, graceMs, coalesceMs: PRESENCE_COALESCE_MS });
  const bounds = resultBounds(config, REDIS_RESULTS_BYTES);
  const results = createRedisResultStore({ link, prefix, maxBytes: REDIS_RESULT_BYTES, bounds });
  const board = { link, url, prefix, path: BULL_BOARD_PATH, logger };
  // Loaded where it is asked for alone: it brings pages and an application of its own.
  const bullBoard = config.bullBoard ? (await import('../jobs/bull-board.js')).openBullBoard(board) : undefined;
  return {
    nodeId,
    log,
    presence,
    ...(bullBoard && { bullBoard }),
    jobs: createBullmqJobQueue({ link, url, prefix, queuedMax, lockMs, logger }),
    results,
    cache: {
      near: createMemoryCacheStore(cacheBounds(config)),
      far: createRedisCacheStore({ link, prefix }),
    },
    limits: createRedisSharedLimits({ connection: link, prefix, instance: nodeId, rates }),
    sessions: createRedisSessionStore({ link, prefix }),
    rollups: { store: createRedisRollupStore({ link, prefix, levels: levelsOf(config) }), levels: levelsOf(config) },
    threads: {
      rooms: { kind: 'redis', url, prefix: keys },
      results: { kind: 'redis', url, prefix, maxBytes: REDIS_RESULT_BYTES, bounds },
    },
    adapter: createHubAdapter(link, { channelPrefix }),
    link,
    notReadyBecause: () => (link.ready() ? [] : ['Redis cannot be reached']),
    close: async () => {
      await Promise.all([presence.close(), bullBoard?.close()]);
      await Promise.all([log.close(), results.close()]);
      await link.close();
    },
  };
}
