import { ERRORS, HubError } from '../../shared/errors.js';
import type { JobState } from '../../shared/protocol.js';
import type { JobAttempt, JobProgress, JobRecord, JobRequest } from './job-queue.js';

/** A job as an engine keeps it. Engines store it and move it about; what may follow what is decided here. */
export interface Job {
  readonly request: JobRequest;
  readonly state: JobState;
  /** Attempts that began, without those that a close or a crash cut off. */
  readonly attempt: number;
  /** Starts, all of them: it tells the newest run of the job from one that was given up. */
  readonly fence: number;
  /** Starts whose process ended under them. */
  readonly crashes: number;
  /** Milliseconds since 1970 before which a queued job is not started: it failed and waits for its next attempt. */
  readonly notBefore?: number;
}

/** A job whose process dies under it this often is not started again: it may be what kills them. */
export const CRASHES_MAX = 3;

/**
 * Each start opens a block of revisions, so that states that were reported but not stored before a crash are outnumbered by
 * what follows.
 */
const REVISIONS_PER_START = 1_000_000;

type JobError = NonNullable<JobState['error']>;

export function newJob(request: JobRequest, jobId: string, now: number): Job {
  const state: JobState = { jobId, name: request.name, state: 'queued', revision: 1, createdAt: now };
  return { request, state, attempt: 0, fence: 0, crashes: 0 };
}

export function startJob(job: Job, now: number): Job {
  const fence = job.fence + 1;
  const { notBefore: _, ...rest } = job;
  const revision = Math.max(job.state.revision + 1, fence * REVISIONS_PER_START);
  return { ...rest, attempt: job.attempt + 1, fence, state: { ...base(job), state: 'active', revision, startedAt: now } };
}

export function progressJob(job: Job, progress: JobProgress): Job {
  return { ...job, state: { ...job.state, revision: job.state.revision + 1, progress } };
}

export function completeJob(job: Job, result: unknown, now: number): Job {
  return end(job, now, result === undefined ? { state: 'done' } : { state: 'done', result });
}

export function cancelJob(job: Job, now: number): Job {
  return end(job, now, { state: 'cancelled' });
}

/** The attempt failed: the job waits for its next one, or it failed for good. */
export function failJob(job: Job, thrown: unknown, now: number): Job {
  const { attempts, backoffMs } = job.request;
  const final = thrown instanceof HubError && ERRORS[thrown.code].retry === 'never';
  if (final || job.attempt >= attempts) return end(job, now, { state: 'failed', error: errorOf(thrown) });
  const state: JobState = { ...base(job), state: 'queued', revision: job.state.revision + 1, error: errorOf(thrown) };
  return { ...job, state, notBefore: now + Math.min(backoffMs * 2 ** (job.attempt - 1), 2 ** 31 - 1) };
}

/** Its process stops in good order: the attempt does not count. */
export function putBackJob(job: Job): Job {
  return { ...job, attempt: Math.max(0, job.attempt - 1), state: { ...base(job), state: 'queued', revision: job.state.revision + 1 } };
}

/** It is active, but what ran it is gone. */
export function recoverJob(lost: Job, now: number): Job {
  const crashes = lost.crashes + 1;
  // Past all that the lost process may have reported without storing it.
  const revision = (lost.fence + 1) * REVISIONS_PER_START - 2;
  const job: Job = { ...lost, crashes, state: { ...lost.state, revision } };
  if (crashes < CRASHES_MAX) return putBackJob(job);
  const message = `The process that ran the job ended ${crashes} times; it is not started again.`;
  return end(job, now, { state: 'failed', error: { code: 'internal', message } });
}

export function isEnded({ state }: Job): boolean {
  return state.state !== 'queued' && state.state !== 'active';
}

/** Whether this run of the job is still the one that counts. */
export function isRunning(job: Job | undefined, fence: number): job is Job {
  return job?.state.state === 'active' && job.fence === fence;
}

/** Milliseconds since 1970 after which an ended job is forgotten. */
export function forgetAt({ state, request }: Job): number {
  return (state.endedAt ?? Number.POSITIVE_INFINITY) + request.resultTtlMs;
}

export function recordOf({ state, request }: Job): JobRecord {
  return { state, owner: request.owner };
}

export function attemptOf({ state, request, attempt, fence }: Job): JobAttempt {
  const { name, input, owner, timeoutMs } = request;
  return { jobId: state.jobId, name, input, owner, attempt, fence, timeoutMs };
}

/** What submissions that join each other have in common. */
export function keyOf({ owner, name, key }: JobRequest): string | undefined {
  return key === undefined ? undefined : JSON.stringify([owner, name, key]);
}

function end(job: Job, now: number, ending: Pick<JobState, 'state' | 'result' | 'error'>): Job {
  const { error: _, ...state } = job.state;
  return { ...job, state: { ...state, revision: state.revision + 1, endedAt: now, ...ending } };
}

/** What a job is in every state. */
function base({ state: { jobId, name, createdAt } }: Job): Pick<JobState, 'jobId' | 'name' | 'createdAt'> {
  return { jobId, name, createdAt };
}

/** The text of an unknown error stays inside. */
function errorOf(thrown: unknown): JobError {
  if (thrown instanceof HubError) return { code: thrown.code, message: thrown.message };
  return { code: 'internal', message: 'The handler failed; the log of the hub has the details.' };
}
