import type { Server } from 'socket.io';
import type { RedisLink } from '../adapter/redis-link.js';
import type { CacheStore } from '../cache/cache-store.js';
import type { MemoryCacheStore } from '../cache/memory-cache-store.js';
import type { Config } from '../config.js';
import type { BullBoard } from '../jobs/bull-board.js';
import type { JobQueue } from '../jobs/job-queue.js';
import type { ResultStore } from '../jobs/result-store.js';
import type { ThreadSetup } from '../jobs/thread-messages.js';
import type { SharedLimits, SharedRates } from '../limits/shared-limits.js';
import type { DiskState } from '../log/disk-space.js';
import type { MappedPages } from '../log/mapped-pages.js';
import type { RoomLog } from '../log/room-log.js';
import type { RollupLevel } from '../metrics/rollups/rollup-levels.js';
import type { RollupStore } from '../metrics/rollups/rollup-store.js';
import type { Logger } from '../observe/logger.js';
import type { PresenceStore } from '../presence/presence-store.js';
import type { SessionStore } from '../recovery/session-store.js';

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
