import type { CheckResult } from '../check.js';
import type { FaultRecord, Recovery } from '../recovery.js';

/** Who is driven: the hub, or stock Socket.IO with its sharded adapter. */
export type Side = 'roomcast' | 'control';

export interface LoadSettings {
  readonly side: Side;
  /** Names the rooms: two loads of one hub must not meet. */
  readonly seed: number;
  readonly rooms: number;
  /** Clients that read, in turn over the rooms. */
  readonly readers: number;
  /** Publications per second over all rooms. */
  readonly perSecond: number;
}

export interface LoadAddresses {
  /** The front. */
  readonly url: string;
  /** The front behind a faulty network: a quarter of the clients goes there. */
  readonly faultyUrl: string;
}

/** What the jobs came to. */
export interface JobTally {
  readonly accepted: number;
  readonly done: number;
  /** Ended otherwise. */
  readonly failed: number;
  /** Told as unknown: gone with what Redis had. */
  readonly unknown: number;
}

export interface Verdict {
  readonly check: CheckResult;
  /** Publications that were due while all publishers of their room had too many open. */
  readonly heldBack: number;
  /** Readers that did not get their room's last message. */
  readonly stranded: readonly string[];
  /** In the order of the faults. */
  readonly recoveries: readonly (Recovery | undefined)[];
  readonly jobs: JobTally;
}

/** What the process of the clients can be asked. */
export interface LoadCalls {
  /** Connects all, and resolves when each reader is subscribed. */
  open(input: LoadSettings & LoadAddresses): Promise<void>;
  start(input: object): Promise<void>;
  /** Publishes some messages of so many bytes into each room. */
  burst(input: { bytes: number }): Promise<void>;
  /** Stops publishing, waits until all is acknowledged and every reader has a last message, and judges. */
  finish(input: { faults: readonly FaultRecord[] }): Promise<Verdict>;
}
