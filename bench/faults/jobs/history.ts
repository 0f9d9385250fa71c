import type { JobState } from '../../../shared/protocol.js';
import type { JobPlan } from './plan.js';

/** One job from its submitter's side. */
export interface JobHistory {
  readonly plan: JobPlan;
  /** Milliseconds since 1970, of the first submission and of the first time that the end was told. */
  readonly submittedMs: number;
  endedMs?: number;
  /** Each id that a submission was acknowledged with: more than one where a key did not join. */
  readonly ids: Set<string>;
  /** Submissions and subscriptions, answered or not: each may tell the end. */
  asked: number;
  /** Each time that an end was told, as it was told. */
  readonly ends: JobState[];
  /** States that were told, and those of them with progress. */
  states: number;
  progress: number;
  /** The ends that the job's room has, read when all was over. */
  logged?: readonly JobState[];
  /** Where no end was told: what the hub says when it is asked. */
  left?: string;
  /** Starts that ended its process or thread, of a job that failed, as the dead letters have it; left out: it is not among them. */
  crashes?: number;
}

/** An effect that a reader of the room saw, or that the room's log has. */
export interface Effect {
  readonly room: string;
  readonly value: number;
}

export interface JobHistories {
  readonly jobs: readonly JobHistory[];
  readonly seen: readonly Effect[];
  readonly log: readonly Effect[];
}
