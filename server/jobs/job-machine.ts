import { ERRORS, HubError } from '../../shared/errors.js';
import type { JobDetails, JobFailure, JobState } from '../../shared/protocol.js';
import type { JobAttempt, JobProgress, JobRecord, JobRequest } from './job-queue.js';

/** A job as an engine keeps it. Engines store it and move it about; what may follow what is decided here. */
export interface Job {
  readonly request: JobRequest;
  readonly state: JobState;
  /** Attempts that began, without those that a close or a crash cut off. */
  readonly attempt: number;
  /** Starts, all of them: it tells the newest run of the job from one that was given up. */
  readonly fence: number;
  /** Starts whose process or thread ended under them. */
  readonly crashes: number;
  /** The last attempts that failed, oldest first. */
  readonly failures?: readonly JobFailure[];
  /** Milliseconds since 1970 of the request to run it again; left out, it has waited since its submission. */
  readonly retriedAt?: number;
  /** Milliseconds since 1970 before which a queued job is not started: it failed and waits for its next attempt. */
  readonly notBefore?: number;
  /** It failed and was discarded: only those who follow it may still learn of that. */
  readonly discarded?: true;
}

/** A job whose process or thread dies under it this often is not started again: it may be what kills them. */
export const CRASHES_MAX = 3;

/** Failed attempts that are kept with a job, and characters of what was thrown. A message may repeat what somebody gave. */
const FAILURES_KEPT = 5;
const MESSAGE_CHARS = 1_000;
const CAUSE_CHARS = 2_000;

/** What ran the job ended under it: its thread, without a word. */
export class CrashedRun extends Error {
  override readonly name = 'CrashedRun';
}

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

/** A new job that has to wait. @param place 1: it is next */
export function inLine(job: Job, place: number): Job {
  return { ...job, state: { ...job.state, place } };
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
export function failJob(running: Job, thrown: unknown, now: number): Job {
  const { attempts, backoffMs } = running.request;
  const crashes = running.crashes + (thrown instanceof CrashedRun ? 1 : 0);
  const error = errorOf(thrown);
  const job = { ...noteFailure(running, error, now, causeOf(thrown)), crashes };
  const final = crashes >= CRASHES_MAX || (thrown instanceof HubError && ERRORS[thrown.code].retry === 'never');
  if (final || job.attempt >= attempts) return end(job, now, { state: 'failed', error });
  const state: JobState = { ...base(job), state: 'queued', revision: job.state.revision + 1, error };
  return { ...job, state, notBefore: now + Math.min(backoffMs * 2 ** (job.attempt - 1), 2 ** 31 - 1) };
}

/** @throws HubError `invalid` when it did not fail */
function checkFailed({ state: { state } }: Job, then: 'run again' | 'discarded'): void {
  if (state !== 'failed') throw new HubError('invalid', `the job is ${state}; only a failed one is ${then}`);
}

/** A failed job begins anew under its id. @throws HubError `invalid` when it did not fail */
export function retryJob(failed: Job, now: number): Job {
  checkFailed(failed, 'run again');
  const state: JobState = { ...base(failed), state: 'queued', revision: failed.state.revision + 1 };
  return { ...failed, attempt: 0, crashes: 0, retriedAt: now, state };
}

/**
 * A failed job is discarded: what is left is told to its followers, and has none of what the job was given.
 * @throws HubError `invalid` when it did not fail
 */
export function discardJob(failed: Job, now: number): Job {
  checkFailed(failed, 'discarded');
  const { key: _, ...request } = failed.request;
  const { failures: __, ...job } = cancelJob(failed, now);
  const { progress: ___, ...state } = job.state;
  return { ...job, request: { ...request, input: null }, state, discarded: true };
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
  const noted = noteFailure(job, { code: 'internal', message: 'The process that ran the job ended.' }, now);
  if (crashes < CRASHES_MAX) return putBackJob(noted);
  const message = `What ran the job ended ${crashes} times under it; it is not started again.`;
  return end(noted, now, { state: 'failed', error: { code: 'internal', message } });
}

export const noSuchJob = (): HubError => new HubError('unknown_job', 'no job has this id');

/** @throws HubError `unknown_job` for one that was discarded */
export function checkKept(job: Job): Job {
  if (job.discarded) throw noSuchJob();
  return job;
}

export function isEnded({ state }: Job): boolean {
  return state.state !== 'queued' && state.state !== 'active';
}

/** Whether this run of the job is still the one that counts. */
export function isRunning(job: Job | undefined, fence: number): job is Job {
  return job?.state.state === 'active' && job.fence === fence;
}

/** Milliseconds since 1970 after which an ended job is forgotten. */
export function forgetAt(job: Job): number {
  return (job.state.endedAt ?? Number.POSITIVE_INFINITY) + keptMs(job);
}

/** Milliseconds for which the job is kept after its end. */
export function keptMs({ state, request: { resultTtlMs, failedTtlMs = resultTtlMs } }: Job): number {
  return state.state === 'failed' ? failedTtlMs : resultTtlMs;
}

/** Milliseconds since 1970 since when a queued job waits. */
export function waitsSince({ state, retriedAt }: Job): number {
  return retriedAt ?? state.createdAt;
}

export function recordOf({ state, request: { owner, reaches }, discarded }: Job): JobRecord {
  return { state, owner, ...(reaches !== undefined && { reaches }), ...(discarded && { discarded }) };
}

export function detailsOf({ state: job, request, attempt, crashes, failures = [] }: Job): JobDetails {
  const { owner, input, attempts, timeoutMs } = request;
  return { job, owner, input, attempt, attempts, timeoutMs, crashes, failures: [...failures] };
}

export function attemptOf({ state, request, attempt, fence }: Job): JobAttempt {
  const { name, input, owner, holder, timeoutMs } = request;
  return { jobId: state.jobId, name, input, owner, ...(holder !== undefined && { holder }), attempt, fence, timeoutMs };
}

/** Whose places a job takes. */
export const holderOf = ({ holder, owner }: Pick<JobRequest, 'holder' | 'owner'>): string => holder ?? owner;

/** What submissions that join each other have in common. */
export function keyOf({ owner, name, key }: JobRequest): string | undefined {
  return key === undefined ? undefined : JSON.stringify([owner, name, key]);
}

function end(job: Job, now: number, ending: Pick<JobState, 'state' | 'result' | 'error'>): Job {
  const { error: _, place: __, ...state } = job.state;
  return { ...job, state: { ...state, revision: state.revision + 1, endedAt: now, ...ending } };
}

function noteFailure(job: Job, error: JobError, endedAt: number, cause?: string): Job {
  const { startedAt = job.state.createdAt } = job.state;
  const failure: JobFailure = { attempt: job.attempt, startedAt, endedAt, error, ...(cause !== undefined && { cause }) };
  return { ...job, failures: [...(job.failures ?? []), failure].slice(-FAILURES_KEPT) };
}

/** What a job is in every state. */
function base({ state: { jobId, name, createdAt } }: Job): Pick<JobState, 'jobId' | 'name' | 'createdAt'> {
  return { jobId, name, createdAt };
}

/** The text of an unknown error stays inside. */
function errorOf(thrown: unknown): JobError {
  if (thrown instanceof HubError) return { code: thrown.code, message: thrown.message.slice(0, MESSAGE_CHARS) };
  if (thrown instanceof CrashedRun) return { code: 'internal', message: 'The thread that ran the job ended.' };
  return { code: 'internal', message: 'The handler failed; the log of the hub has the details.' };
}

function causeOf(thrown: unknown): string | undefined {
  if (thrown instanceof HubError) return undefined;
  return String((thrown instanceof Error && thrown.stack) || thrown).slice(0, CAUSE_CHARS);
}
