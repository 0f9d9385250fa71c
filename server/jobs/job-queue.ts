import type { JobState } from '../../shared/protocol.js';

/** A submission, its input already checked against the handler's schema. */
export interface JobRequest {
  readonly name: string;
  readonly input: unknown;
  /** The submitter's user id: its owner, and the unit of fairness. */
  readonly owner: string;
  /** Submissions of one name and key join the run that is queued, active, or done within `resultTtlMs`. */
  readonly key?: string;
  readonly attempts: number;
  readonly backoffMs: number;
  readonly timeoutMs: number;
  readonly resultTtlMs: number;
}

export interface JobRecord {
  readonly state: JobState;
  readonly owner: string;
}

/** What runs a job: resolves with the result; rejects to fail the attempt. `fence` rises with each attempt of a job. */
export type JobRunner = (
  job: { jobId: string; name: string; input: unknown; owner: string; attempt: number; fence: number; timeoutMs: number },
  control: { progress(progress: NonNullable<JobState['progress']>): void; signal: AbortSignal },
) => Promise<unknown>;

/**
 * Port: heavy work, queued and run at least once by whoever works, with its state kept for `resultTtlMs` after its end.
 *
 * Order: jobs of one owner start in order of submission. Every state that a job goes through is reported to the listener of the
 * process where it happens, in order; of two runs of one job (a stalled worker) only one end is reported and kept.
 * Progress is reported at most 5 times a second.
 *
 * Failure: `submit` rejects with HubError `busy` (with `retryAfterMs`) when the queue is full, every method with `unavailable`
 * within 2 s when the store is away, `get` and `cancel` with `unknown_job`.
 */
export interface JobQueue {
  submit(request: JobRequest): Promise<JobRecord>;
  get(jobId: string): Promise<JobRecord>;
  /** The job's state after the request to stop; a running handler's signal fires and its thread's work ends. */
  cancel(jobId: string): Promise<JobRecord>;
  /** The newest jobs, of one owner or of all. */
  list(query: { owner?: string; limit: number }): Promise<JobRecord[]>;
  /** Starts taking jobs in this process. */
  work(run: JobRunner, options: { concurrency: number }): Promise<void>;
  onChange(listener: (record: JobRecord) => void): void;
  depth(): Promise<{ queued: number; active: number; oldestQueuedMs: number }>;
  /** Takes no further job, lets running ones end for `graceMs`, then cuts them off. */
  close(graceMs: number): Promise<void>;
}
