import type { JobState } from '../../shared/protocol.js';
import { isEnded, type Job } from './job-machine.js';
import type { LogSource } from './room-reader.js';

/** Milliseconds for which a process tries to tell the end of a job, and some more. */
const TELLING_MS = 180_000;

/**
 * Of the jobs that the process before left on disk, those whose end it may not have told: it was killed after the last thing that it wrote, and an end
 * that was written long before that was told, or given up.
 */
export function doubtfulEnds(jobs: readonly Job[]): Job[] {
  const newest = jobs.reduce((latest, job) => Math.max(latest, lastWritten(job)), 0);
  return jobs.filter((job) => isEnded(job) && lastWritten(job) >= newest - TELLING_MS);
}

/** Tells the ends that are not in their rooms. A room that is empty by now was told, or nobody goes on from what it said. */
export async function tellUntold(ends: readonly Job[], rooms: LogSource, tell: (job: Job) => void): Promise<void> {
  for (const job of ends) if (!(await isTold(job.state, rooms))) tell(job);
}

async function isTold({ jobId, revision }: JobState, rooms: LogSource): Promise<boolean> {
  const { last, entries } = await rooms.read(`job:${jobId}`, { limit: 1, from: 'newest' });
  const [newest] = entries;
  if (!newest) return last > 0;
  return (newest.message.data as JobState).revision >= revision;
}

function lastWritten({ state: { createdAt, startedAt = 0, endedAt = 0 }, retriedAt = 0 }: Job): number {
  return Math.max(createdAt, startedAt, endedAt, retriedAt);
}
