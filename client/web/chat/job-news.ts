import type { JobNews, JobStatus, Message } from '../../../shared/protocol.js';
import { hasEnded } from '../jobs/job-list.js';

/** The hub's own user id. */
const HUB = 'hub';
const STATES: readonly unknown[] = ['queued', 'active', 'done', 'failed', 'cancelled'] satisfies JobStatus[];

/** What the hub tells of a job that reaches the room; undefined for any other message, also one of somebody who makes it look so. */
export function jobNewsOf({ type, from, data }: Message): JobNews | undefined {
  if (type !== 'job' || from.id !== HUB || typeof data !== 'object' || data === null) return undefined;
  const { jobId, name, owner, state, createdAt } = data as Record<string, unknown>;
  const isWhole = [jobId, name, owner].every((text) => typeof text === 'string') && typeof createdAt === 'number' && STATES.includes(state);
  return isWhole ? (data as JobNews) : undefined;
}

/** Ids of jobs whose end is among the news. */
export function endedJobs(news: readonly JobNews[]): ReadonlySet<string> {
  return new Set(news.filter(hasEnded).map(({ jobId }) => jobId));
}
