/** What runs the empty jobs: the hub without Redis or with it, or Socket.IO in front of BullMQ as its documents have it. */
export type QueueServer =
  | { readonly kind: 'hub'; readonly dataDir: string; readonly redisUrl?: string }
  | { readonly kind: 'bullmq'; readonly redisUrl: string };

/** The empty handler in a thread of the hub, and on the event loop. */
export const THREAD_JOB = 'empty-in-thread';
export const LOOP_JOB = 'empty';
/** Jobs at once on an event loop, the hub's and BullMQ's alike. */
export const LOOP_CONCURRENCY = 32;

export interface ServerCalls {
  open(input: QueueServer): Promise<{ url: string }>;
  /** User and system, of all threads, since the start. */
  cpuSeconds(input: Record<never, never>): Promise<number>;
}

export interface JobLoad {
  readonly url: string;
  readonly name: string;
  /** Jobs that are under way at a time; the next is submitted when one has ended. */
  readonly inFlight: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface JobFigures {
  /** Jobs that ended in the window. */
  readonly jobs: number;
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
  readonly clientBusyPercent: number;
}

export interface ClientCalls {
  /** @throws Error when a job was refused, or did not end as done */
  load(input: JobLoad): Promise<JobFigures>;
}
