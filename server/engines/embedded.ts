import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryCacheStore } from '../cache/memory-cache-store.js';
import { createFileResultStore } from '../jobs/file-result-store.js';
import type { JobJournal } from '../jobs/job-journal.js';
import { openLmdbJobJournal } from '../jobs/lmdb-job-journal.js';
import { createPiscinaJobQueue } from '../jobs/piscina-job-queue.js';
import type { RoomSource } from '../jobs/thread-messages.js';
import { createMemorySharedLimits } from '../limits/memory-shared-limits.js';
import { claimDataDir } from '../log/data-dir.js';
import { DiskSpace, type DiskState } from '../log/disk-space.js';
import { lmdbPages } from '../log/lmdb-log-reader.js';
import { openLmdbRoomLog } from '../log/lmdb-room-log.js';
import type { MappedPages } from '../log/mapped-pages.js';
import { createMemoryRoomLog } from '../log/memory-room-log.js';
import type { RoomLog } from '../log/room-log.js';
import { openLmdbRollupStore } from '../metrics/rollups/lmdb-rollup-store.js';
import { createMemoryRollupStore } from '../metrics/rollups/memory-rollup-store.js';
import type { RollupStore } from '../metrics/rollups/rollup-store.js';
import type { Logger } from '../observe/logger.js';
import { createMemoryPresenceStore } from '../presence/memory-presence-store.js';
import { openLmdbSessionStore } from '../recovery/lmdb-session-store.js';
import { createMemorySessionStore } from '../recovery/memory-session-store.js';
import type { SessionStore } from '../recovery/session-store.js';
import { cacheBounds, levelsOf, PRESENCE_COALESCE_MS, resultBounds } from './bounds.js';
import type { Engines, EnginesOptions } from './engines.js';

/** Beside the rooms, in the same data directory. */
const ROOMS_DIR = 'rooms';
const JOBS_DIR = 'jobs';
const RESULTS_DIR = 'results';
const SESSIONS_DIR = 'sessions';
const ROLLUPS_DIR = 'rollups';
/** Of a turn's window: what comes early in it is on disk by its end. */
const COMMIT_PART = 0.8;
/** Bytes of one result file. */
const RESULT_BYTES = 1024 ** 3;
/** Bytes of all result files, where the configuration leaves it to the store. */
const RESULTS_BYTES = 8 * 1024 ** 3;

export function openMemory(options: EnginesOptions): Engines {
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

export async function openLmdb(options: EnginesOptions): Promise<Engines> {
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
