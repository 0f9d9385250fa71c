import type { PacedFigures } from '../load/paced-publisher.js';
import type { ProcessFigures } from '../process-figures.js';

/** The heavy handler under the names of the places where it runs. */
export const OFFLOADED_JOB = 'heavy';
export const ON_LOOP_JOB = 'heavy-on-loop';
export const IN_TURNS_JOB = 'heavy-in-turns';

/** A job of known work and result. */
export interface HeavyJob {
  /** The input: primes below this number are counted. */
  readonly below: number;
  /** The result. */
  readonly primes: number;
  /** What it took on one core, alone. */
  readonly cpuSeconds: number;
}

export interface CalibrationCalls {
  /** Finds the input that takes so many CPU seconds here. */
  calibrate(input: { cpuSeconds: number }): Promise<HeavyJob>;
}

export interface ServerCalls {
  /** With Redis, heavy jobs are left to workers. */
  open(input: { dataDir: string; redisUrl?: string }): Promise<{ url: string }>;
  watch(input: { seconds: number }): Promise<ProcessFigures>;
}

export interface LoadRequest {
  readonly url: string;
  readonly messagesPerSecond: number;
  readonly subscribers: number;
  /** Handed in so many times per second beside the messages. */
  readonly job?: HeavyJob & { readonly name: string; readonly perSecond: number };
}

export interface LoadFigures extends PacedFigures {
  /** From the first submission to the end of the load. */
  readonly jobsDone: number;
}

export interface ClientCalls {
  /** Resolves when messages flow and, where there are jobs, the first one has ended. */
  begin(load: LoadRequest): Promise<void>;
  /** Opens the measured window for so many seconds; the load goes on behind it. */
  watch(input: { seconds: number }): Promise<void>;
  /** Ends the load. @throws Error when a message was refused, lost, repeated or out of order, or a job failed */
  end(input: Record<never, never>): Promise<LoadFigures>;
}
