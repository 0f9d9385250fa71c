import type { JobDetails, JobState } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';

/** Where a handler runs: in a worker thread, or on the event loop of the process that takes the job. */
export const JOB_LANES = ['threads', 'loop'] as const;
export type JobLane = (typeof JOB_LANES)[number];

/** Highest first. */
export const JOB_PRIORITIES = ['high', 'normal', 'low'] as const;
export type JobPriority = (typeof JOB_PRIORITIES)[number];

/** A submission, its input already checked against the handler's schema. */
export interface JobRequest {
  readonly name: string;
  readonly lane: JobLane;
  /** JSON. */
  readonly input: unknown;
  /** The submitter's user id. */
  readonly owner: string;
  /** Who takes the places in line, and whose share of what is kept it counts in: all guests of one address are one. Default: the owner. */
  readonly holder?: string;
  /** Submissions of one owner, name and key join the run that is queued, active, or done within `resultTtlMs`. */
  readonly key?: string;
  /** Submissions of that key join its run whatever became of it, as long as the run is known. */
  readonly once?: true;
  /** Jobs of a higher priority start before all of a lower one. Default `normal`. */
  readonly priority?: JobPriority;
  /** Jobs of this name that the holder may have waiting and running. Default: any number. */
  readonly perUserLimit?: number;
  /** Jobs of this name that run at a time, in all processes together. Default: as many as there are places. */
  readonly concurrency?: number;
  /** The room that is told of the job, and whose readers may follow it. */
  readonly reaches?: RoomName;
  readonly attempts: number;
  /** Wait before the second attempt; it doubles with each further one. */
  readonly backoffMs: number;
  readonly timeoutMs: number;
  readonly resultTtlMs: number;
  /** Milliseconds for which the job is kept where it failed. Default: `resultTtlMs`. */
  readonly failedTtlMs?: number;
}

export interface JobRecord {
  readonly state: JobState;
  readonly owner: string;
  readonly reaches?: RoomName;
  /** It failed and was discarded: its state is what its followers are told, and it is unknown to all others. */
  readonly discarded?: true;
}

export type JobProgress = NonNullable<JobState['progress']>;

/** One attempt of a job. `attempt` counts from 1; `fence` rises with each start, also with those that a crash forced. */
export interface JobAttempt {
  readonly jobId: string;
  readonly name: string;
  readonly input: unknown;
  readonly owner: string;
  /** As of the request. */
  readonly holder?: string;
  readonly attempt: number;
  readonly fence: number;
  readonly timeoutMs: number;
}

export interface JobControl {
  progress(progress: JobProgress): void;
  /** Fires when the job is cancelled, when another process took it over, and when this one closes. */
  readonly signal: AbortSignal;
}

/**
 * What runs a job: resolves with the result (JSON), rejects to fail the attempt. An error that a repetition cannot help
 * (`ERRORS[code].retry` is `never`) is not tried again; a `CrashedRun` counts as a crash too. It settles soon after its signal fired.
 */
export type JobRunner = (job: JobAttempt, control: JobControl) => Promise<unknown>;

/** How many jobs wait and run, and for how long the one has waited that waits longest. */
export interface Depth {
  readonly queued: number;
  readonly active: number;
  readonly oldestQueuedMs: number;
}

export interface QueueDepth extends Depth {
  /** The same of each handler that had a job so far. */
  readonly byName: Readonly<Record<string, Depth>>;
}

export interface WorkOptions {
  /** Jobs at once of each lane; 0 leaves a lane to others. */
  readonly concurrency: Readonly<Record<JobLane, number>>;
  /**
   * Whether this process has the handler. A job of any other name is left to processes that do; when none takes it for some minutes, it
   * is run here, which tells its submitter. Left out: it has all of them.
   */
  knows?(name: string): boolean;
}

/**
 * Port: heavy work, queued and run at least once by whoever works, with its state kept for `resultTtlMs` after its end. Failed jobs are
 * the dead letters: they are kept for `failedTtlMs`, the newest thousands of them, and can be run again under their id,
 * or discarded.
 *
 * Order: jobs of one holder, lane and priority start in order of submission, and holders take turns: one's backlog does not hold up another's
 * first job. A job whose handler runs as many as it allows keeps its place, and those behind it do not wait for it. Every state that a job goes through is reported to the listener of the process where it happens, in order
 * (`revision` orders those of several processes); of two runs of one job (a stalled worker) only one end is reported and kept.
 * Progress is reported at most 5 times a second.
 *
 * Failure: `submit` rejects with HubError `busy` (with `retryAfterMs`) when the queue is full, every method with `unavailable`
 * within 2 s when the store is away, or with `timeout` when it went while something was being written; `storage_full` when it has no
 * space, those that name a job with `unknown_job`. A submission that was rejected as `timeout` may still run; repeated with its key it is joined.
 */
export interface JobQueue {
  submit(request: JobRequest): Promise<JobRecord>;
  /** A discarded job too, for its `resultTtlMs`: all other methods do not know it any more. */
  get(jobId: string): Promise<JobRecord>;
  /** The job's state after the request to stop; a running handler's signal fires and its thread's work ends. */
  cancel(jobId: string): Promise<JobRecord>;
  /** What the job was given, and how its attempts went. */
  inspect(jobId: string): Promise<JobDetails>;
  /**
   * Puts a failed job in line again, all its attempts before it; one that waits or runs is left as it is.
   * @throws HubError `busy`; `invalid` for a job that is done or cancelled
   */
  retry(jobId: string): Promise<JobRecord>;
  /**
   * Forgets a failed job before its time, and notes in the same step what it is to those who follow it: cancelled, and `discarded`. That is given, and not
   * reported; where the process is lost before it called it `told`, it is given to `onUntold` as an end is.
   * @throws HubError `invalid` for any other
   */
  discard(jobId: string): Promise<JobRecord>;
  /** The newest jobs first, of one owner or of all; with `state` only those that failed. Past a page's bytes (`createListPage`) results may be left out. */
  list(query: { owner?: string; state?: 'failed'; limit: number }): Promise<JobRecord[]>;
  /** Starts taking jobs in this process. */
  work(run: JobRunner, options: WorkOptions): Promise<void>;
  onChange(listener: (record: JobRecord) => void): void;
  /**
   * Ends that were reported to the listener of a process that was lost before it told them: each is given to this listener, of one process or
   * several, again and again until it is `told`; once, by engines of a single process, which have no `told`.
   */
  onUntold?(listener: (record: JobRecord) => void): void;
  /** The job's end is where its followers see it. */
  told?(jobId: string): void;
  /** Of all processes. */
  depth(): Promise<QueueDepth>;
  /** Takes no further job, lets running ones end for `graceMs`, then cuts them off: they run again, here or elsewhere. */
  close(graceMs: number): Promise<void>;
}
