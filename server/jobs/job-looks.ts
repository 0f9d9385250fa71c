import { toWireError } from '../../shared/errors.js';
import type { Cache } from '../cache/cache.js';
import type { JobQueue, JobRecord } from './job-queue.js';

/** Looks at jobs, those that have ended or do not exist through the cache: they do not change any more, unless one is run again or forgotten. */
export interface JobLooks {
  /** Undefined: there is none. */
  find(jobId: string): Promise<JobRecord | undefined>;
  /** What a look found before does not hold any more. */
  changed(jobId: string): Promise<void>;
}

/** Milliseconds for which an ended job is looked at in the cache: another instance may run it again. */
const ENDED_TTL_MS = 2_000;
/** The same for a job that does not exist: another instance may be given it. */
const UNKNOWN_TTL_MS = 1_000;

/** @param cache left out, each look goes to the queue */
export function createJobLooks(queue: Pick<JobQueue, 'get'>, cache?: Pick<Cache, 'read' | 'invalidateHere'>): JobLooks {
  const find = (jobId: string) => queue.get(jobId).catch(noneWhereUnknown);
  if (!cache) return { find, changed: async () => {} };
  const keyOf = (jobId: string) => `job:${jobId}`;
  return {
    find: (jobId) => cache.read(keyOf(jobId), { ttlMs: lookTtlMs, tags: [keyOf(jobId)], here: true, compute: () => find(jobId) }),
    changed: (jobId) => cache.invalidateHere(keyOf(jobId)),
  };
}

function lookTtlMs(known: JobRecord | undefined): number {
  if (!known) return UNKNOWN_TTL_MS;
  return known.state.endedAt === undefined ? 0 : ENDED_TTL_MS;
}

function noneWhereUnknown(error: unknown): undefined {
  if (toWireError(error).code !== 'unknown_job') throw error;
}
