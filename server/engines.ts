import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Server } from 'socket.io';
import { createHubAdapter } from './adapter/hub-adapter.js';
import { openRedisLink, type RedisLink } from './adapter/redis-link.js';
import type { CacheStore } from './cache/cache-store.js';
import { createMemoryCacheStore, type MemoryCacheStore } from './cache/memory-cache-store.js';
import { createRedisCacheStore } from './cache/redis-cache-store.js';
import { OPTIONS } from './config/options.js';
import type { Config } from './config.js';
import { BULL_BOARD_PATH } from './http/bull-board-gate.js';
import type { BullBoard } from './jobs/bull-board.js';
import { createBullmqJobQueue } from './jobs/bullmq-job-queue.js';
import { createFileResultStore } from './jobs/file-result-store.js';
import type { JobJournal } from './jobs/job-journal.js';
import type { JobQueue } from './jobs/job-queue.js';
import { openLmdbJobJournal } from './jobs/lmdb-job-journal.js';
import { createPiscinaJobQueue } from './jobs/piscina-job-queue.js';
import { createRedisResultStore } from './jobs/redis-result-store.js';
import type { ResultBounds } from './jobs/result-bounds.js';
import type { ResultStore } from './jobs/result-store.js';
import type { RoomSource, ThreadSetup } from './jobs/thread-messages.js';
import { createMemorySharedLimits } from './limits/memory-shared-limits.js';
import { createRedisSharedLimits } from './limits/redis-shared-limits.js';
import type { SharedLimits, SharedRates } from './limits/shared-limits.js';
import { claimDataDir } from './log/data-dir.js';
import { DiskSpace, type DiskState } from './log/disk-space.js';
import { lmdbPages } from './log/lmdb-log-reader.js';
import { openLmdbRoomLog } from './log/lmdb-room-log.js';
import type { MappedPages } from './log/mapped-pages.js';
import { createMemoryRoomLog } from './log/memory-room-log.js';
import { createRedisRoomLog } from './log/redis-room-log.js';
import type { RoomLog } from './log/room-log.js';
import { openLmdbRollupStore } from './metrics/rollups/lmdb-rollup-store.js';
import { createMemoryRollupStore } from './metrics/rollups/memory-rollup-store.js';
import { createRedisRollupStore } from './metrics/rollups/redis-rollup-store.js';
import { type RollupLevel, rollupLevels } from './metrics/rollups/rollup-levels.js';
import type { RollupStore } from './metrics/rollups/rollup-store.js';
import type { Logger } from './observe/logger.js';
import { createMemoryPresenceStore } from './presence/memory-presence-store.js';
import type { PresenceStore } from './presence/presence-store.js';
import { createRedisPresenceStore } from './presence/redis-presence-store.js';
import { openLmdbSessionStore } from './recovery/lmdb-session-store.js';
import { createMemorySessionStore } from './recovery/memory-session-store.js';
import { createRedisSessionStore } from './recovery/redis-session-store.js';
import type { SessionStore } from './recovery/session-store.js';

/** One implementation of each port, chosen together, and what else the choice decides. */
export interface Engines {
  readonly nodeId: string;
  readonly log: RoomLog;
  readonly presence: PresenceStore;
  readonly jobs: JobQueue;
  readonly results: ResultStore;
  readonly cache: { readonly near: MemoryCacheStore; readonly far?: CacheStore };
  readonly limits: SharedLimits;
  readonly sessions: SessionStore;
  /** What metric rooms had, beyond their logs. */
  readonly rollups: { readonly store: RollupStore; readonly levels: readonly RollupLevel[] };
  /** How a job's thread opens the rooms and the results. */
  readonly threads: ThreadSetup;
  /** What threads map of the rooms, where those are a file. */
  readonly mappedPages?: MappedPages;
  /** Socket.IO's adapter, where instances are joined. */
  readonly adapter?: NonNullable<Parameters<Server['adapter']>[0]>;
  readonly link?: RedisLink;
  /** Where the rooms are in files: how the file system is. */
  disk?(): DiskState;
  /** Where it is asked for and jobs run on BullMQ. */
  readonly bullBoard?: BullBoard;
  /** Why this instance should get no traffic; none when it may. */
  notReadyBecause(): string[];
  /** Ends the stores, after everything that uses them. */
  close(): Promise<void>;
}

export interface EnginesOptions {
  readonly config: Config;
  readonly nodeId: string;
  readonly rates: SharedRates;
  readonly logger: Logger;
}

/** Beside the rooms, in the same data directory. */
const ROOMS_DIR = 'rooms';
const JOBS_DIR = 'jobs';
const RESULTS_DIR = 'results';
const SESSIONS_DIR = 'sessions';
const ROLLUPS_DIR = 'rollups';
/** Of a turn's window: what comes early in it is on disk by its end. */
const COMMIT_PART = 0.8;
/** A room's changes of presence are gathered for this long. */
const PRESENCE_COALESCE_MS = 1_000;
/** Bytes of one result file. */
const RESULT_BYTES = 1024 ** 3;
const REDIS_AT_START_MS = 1_000;
/** The same where Redis holds it in memory. */
const REDIS_RESULT_BYTES = 256 * 1024 ** 2;
/** Bytes of all result files, where the configuration leaves it to the store. */
const RESULTS_BYTES = 8 * 1024 ** 3;
const REDIS_RESULTS_BYTES = 1024 ** 3;
/** Of all, what one user has, where the configuration does not say. */
const RESULTS_PART = 1 / 4;

/**
 * Opens the engines that the configuration asks for.
 * @throws Error with one line when the data directory is in use or cannot be written
 */
export async function openEngines(options: EnginesOptions): Promise<Engines> {
  switch (options.config.store) {
    case 'memory':
      return openMemory(options);
    case 'lmdb':
      return openLmdb(options);
    case 'redis':
      return openRedis(options);
  }
}

function openMemory(options: EnginesOptions): Engines {
  const dir = mkdtempSync(join(tmpdir(), 'roomcast-'));
  const log = createMemoryRoomLog({ idWindowMs: options.config.idWindowMs });
  const rollups = createMemoryRollupStore({ levels: levelsOf(options.config) });
  const sessions = createMemorySessionStore();
  return openEmbedded(options, {
    log,
    rollups,
    sessions,
    dir,
    source: { kind: 'memory' },
    end: () => rmSync(dir, { recursive: true, force: true }),
  });
}

async function openLmdb(options: EnginesOptions): Promise<Engines> {
  const { config, logger } = options;
  const dir = config.dataDir;
  const release = claimDataDir(dir);
  const disk = new DiskSpace({ dir, reserveBytes: config.diskReserveBytes, onChange: (state) => logDisk(state, logger) });
  const isWhole = [ROOMS_DIR, JOBS_DIR, ROLLUPS_DIR, SESSIONS_DIR].every((part) => existsSync(join(dir, part)));
  if (!isWhole && !disk.allows('change')) {
    disk.close();
    release();
    throw new Error(`the disk of ${dir} is full: no store can be begun on it`);
  }
  const rooms = join(dir, ROOMS_DIR);
  const log = await openLmdbRoomLog({
    dir: rooms,
    disk,
    idWindowMs: config.idWindowMs,
    pauseMs: COMMIT_PART * config.deliveryWindowMs,
    onFault: (err) => logger.error({ err }, 'the room log failed'),
  });
  const journal = openLmdbJobJournal(join(dir, JOBS_DIR), disk);
  const rollups = openLmdbRollupStore({
    dir: join(dir, ROLLUPS_DIR),
    disk,
    levels: levelsOf(config),
    onFault: (err) => logger.error({ err }, 'the roll-ups failed'),
  });
  const sessions = openLmdbSessionStore({ dir: join(dir, SESSIONS_DIR), disk });
  const source = { kind: 'lmdb', dir: rooms } as const;
  return openEmbedded(options, { log, rollups, sessions, dir, source, mappedPages: lmdbPages(rooms), journal, disk, end: release });
}

function logDisk({ freeBytes, reserveBytes, isLow }: DiskState, logger: Logger): void {
  if (isLow) logger.warn({ freeBytes, reserveBytes }, 'the disk is nearly full: what adds to the store is refused until there is space');
  else logger.info({ freeBytes, reserveBytes }, 'the disk has space again');
}

const levelsOf = ({ rollupSecondTtlMs, rollupTenSecondsTtlMs, rollupMinuteTtlMs }: Config) =>
  rollupLevels([rollupSecondTtlMs, rollupTenSecondsTtlMs, rollupMinuteTtlMs]);

function resultBounds({ resultsMaxBytes, resultsPerUserMaxBytes }: Config, most: number): ResultBounds {
  const all = resultsMaxBytes || most;
  return { all, perHolder: resultsPerUserMaxBytes || Math.ceil(all * RESULTS_PART) };
}

/** Turned off, it still has a place for what is computed now. */
const cacheBounds = ({ cacheMaxEntries, cacheMaxBytes }: Config) => ({ maxEntries: Math.max(1, cacheMaxEntries), maxBytes: cacheMaxBytes });

/** The link goes on trying when Redis is away at the start too; until then `/readyz` says so and publications are refused. */
async function openRedis({ config, nodeId, rates, logger }: EnginesOptions): Promise<Engines> {
  const { redisUrl: url = '', redisPrefix: prefix, presenceGraceMs: graceMs, presenceLeaseMs: leaseMs } = config;
  const { jobQueueMax: queuedMax, jobLeaseMs: lockMs } = config;
  const link = openRedisLink({ url, commandTimeoutMs: config.redisCommandTimeoutMs, log: logger });
  // A Redis that is there is ready before the first client is; one that is away is not waited for.
  await Promise.race([link.whenUp(), delay(REDIS_AT_START_MS, undefined, { ref: false })]);
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
  const bullBoard = config.bullBoard ? (await import('./jobs/bull-board.js')).openBullBoard(board) : undefined;
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

interface Embedded {
  log: RoomLog;
  rollups: RollupStore;
  sessions: SessionStore;
  dir: string;
  source: RoomSource;
  mappedPages?: MappedPages;
  journal?: JobJournal;
  disk?: DiskSpace;
  end(): void;
}

function openEmbedded({ config, nodeId, rates, logger }: EnginesOptions, embedded: Embedded): Engines {
  const { log, rollups, sessions, dir, source, mappedPages, journal, disk, end } = embedded;
  const bounds = resultBounds(config, RESULTS_BYTES);
  const target = { dir: join(dir, RESULTS_DIR), maxBytes: RESULT_BYTES, bounds, reserveBytes: config.diskReserveBytes };
  const jobs = createPiscinaJobQueue({ ...(journal && { journal }), rooms: log, queuedMax: config.jobQueueMax, logger });
  const files = createFileResultStore(target);
  const presence = createMemoryPresenceStore({ graceMs: config.presenceGraceMs, coalesceMs: PRESENCE_COALESCE_MS });
  return {
    nodeId,
    log,
    presence,
    jobs,
    results: files,
    cache: { near: createMemoryCacheStore(cacheBounds(config)) },
    limits: createMemorySharedLimits({ rates }),
    sessions,
    rollups: { store: rollups, levels: levelsOf(config) },
    threads: { rooms: source, results: { kind: 'files', ...target } },
    ...(mappedPages && { mappedPages }),
    ...(disk && { disk: () => disk.state() }),
    notReadyBecause: () => [],
    close: async () => {
      disk?.close();
      await presence.close();
      await Promise.all([log.close(), files.close(), rollups.close(), sessions.close()]);
      end();
    },
  };
}
