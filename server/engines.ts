import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Server } from 'socket.io';
import type { RedisLink } from './adapter/redis-link.js';
import type { CacheStore } from './cache/cache-store.js';
import { createMemoryCacheStore } from './cache/memory-cache-store.js';
import type { Config } from './config.js';
import { createFileResultStore } from './jobs/file-result-store.js';
import type { JobJournal } from './jobs/job-journal.js';
import type { JobQueue } from './jobs/job-queue.js';
import { openLmdbJobJournal } from './jobs/lmdb-job-journal.js';
import { createPiscinaJobQueue } from './jobs/piscina-job-queue.js';
import type { ResultStore } from './jobs/result-store.js';
import type { RoomSource, ThreadSetup } from './jobs/thread-messages.js';
import { createMemorySharedLimits } from './limits/memory-shared-limits.js';
import type { SharedLimits, SharedRates } from './limits/shared-limits.js';
import { claimDataDir } from './log/data-dir.js';
import { openLmdbRoomLog } from './log/lmdb-room-log.js';
import { createMemoryRoomLog } from './log/memory-room-log.js';
import type { RoomLog } from './log/room-log.js';
import type { Logger } from './observe/logger.js';
import { createMemoryPresenceStore } from './presence/memory-presence-store.js';
import type { PresenceStore } from './presence/presence-store.js';

/** One implementation of each port, chosen together, and what else the choice decides. */
export interface Engines {
  readonly nodeId: string;
  readonly log: RoomLog;
  readonly presence: PresenceStore;
  readonly jobs: JobQueue;
  readonly results: ResultStore;
  readonly cache: { readonly near: CacheStore; readonly far?: CacheStore };
  readonly limits: SharedLimits;
  /** How a job's thread opens the rooms and the results. */
  readonly threads: ThreadSetup;
  /** Socket.IO's adapter, where instances are joined. */
  readonly adapter?: NonNullable<Parameters<Server['adapter']>[0]>;
  readonly link?: RedisLink;
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
/** A room's changes of presence are gathered for this long. */
const PRESENCE_COALESCE_MS = 1_000;
/** Bytes of one result file. */
const RESULT_BYTES = 1024 ** 3;

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
      throw new Error('redis');
  }
}

function openMemory(options: EnginesOptions): Engines {
  const dir = mkdtempSync(join(tmpdir(), 'roomcast-'));
  const log = createMemoryRoomLog({ idWindowMs: options.config.idWindowMs });
  return openEmbedded(options, { log, dir, source: { kind: 'memory' }, end: () => rmSync(dir, { recursive: true, force: true }) });
}

async function openLmdb(options: EnginesOptions): Promise<Engines> {
  const { config, logger } = options;
  const dir = config.dataDir;
  const release = claimDataDir(dir);
  const rooms = join(dir, ROOMS_DIR);
  const log = await openLmdbRoomLog({
    dir: rooms,
    idWindowMs: config.idWindowMs,
    onFault: (err) => logger.error({ err }, 'the room log failed'),
  });
  const journal = openLmdbJobJournal(join(dir, JOBS_DIR));
  return openEmbedded(options, { log, dir, source: { kind: 'lmdb', dir: rooms }, journal, end: release });
}

interface Embedded {
  log: RoomLog;
  dir: string;
  source: RoomSource;
  journal?: JobJournal;
  end(): void;
}

function openEmbedded({ config, nodeId, rates, logger }: EnginesOptions, { log, dir, source, journal, end }: Embedded): Engines {
  const results = join(dir, RESULTS_DIR);
  const jobs = createPiscinaJobQueue({ ...(journal && { journal }), queuedMax: config.jobQueueMax, logger });
  const files = createFileResultStore({ dir: results, maxBytes: RESULT_BYTES });
  const presence = createMemoryPresenceStore({ graceMs: config.presenceGraceMs, coalesceMs: PRESENCE_COALESCE_MS });
  return {
    nodeId,
    log,
    presence,
    jobs,
    results: files,
    cache: { near: createMemoryCacheStore({ maxEntries: Math.max(1, config.cacheMaxEntries) }) },
    limits: createMemorySharedLimits({ rates }),
    threads: { rooms: source, results: { kind: 'files', dir: results, maxBytes: RESULT_BYTES } },
    notReadyBecause: () => [],
    close: async () => {
      await presence.close();
      await Promise.all([log.close(), files.close()]);
      end();
    },
  };
}
