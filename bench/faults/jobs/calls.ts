import type { JobCheck } from './check.js';

export interface JobsLoadSettings {
  /** Names rooms, users and keys. */
  readonly seed: number;
  /** Jobs per second that are handed in. */
  readonly perSecond: number;
  readonly submitters: number;
  /** Rooms that the jobs publish into, each with a reader. */
  readonly rooms: number;
}

export interface JobsVerdict {
  readonly check: JobCheck;
  /** Jobs that were due while their submitter had too many without an answer. */
  readonly heldBack: number;
  /** Seconds in which jobs were handed in. */
  readonly seconds: number;
  /** Connections that submitters lost. */
  readonly reconnects: number;
  /** Milliseconds from the first submission to the end as it was told. */
  readonly endP50Ms: number;
  readonly endP99Ms: number;
  readonly endMaxMs: number;
}

/** What the process of the submitters can be asked. */
export interface JobsLoadCalls {
  /** Resolves when all are connected. */
  open(input: JobsLoadSettings & { url: string; redisUrl: string }): Promise<void>;
  start(input: object): Promise<void>;
  /** Hands in nothing any more, waits until all is acknowledged and has ended, and judges. */
  finish(input: object): Promise<JobsVerdict>;
}
