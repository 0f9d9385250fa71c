import type { PacedFigures } from '../load/paced-publisher.js';

/** Where a hub keeps its rooms: on disk, or in Redis where there is one. */
export interface Store {
  readonly dataDir: string;
  readonly redisUrl?: string;
}

export interface FillCalls {
  /** Writes the history. The store is nobody else's meanwhile. */
  fill(input: Store & { messages: number }): Promise<void>;
}

export interface ServerCalls {
  open(input: Store): Promise<{ url: string }>;
}

/** A job, and what must come of it. */
export type Task =
  | { readonly name: 'search'; readonly input: unknown; readonly texts: readonly string[] }
  | { readonly name: 'export'; readonly input: unknown; readonly messages: number };

export interface TaskFigures {
  /** From the submission to the first progress with a hit, and to the end, of tasks submitted after the warm-up; 0 where no task ran. */
  readonly firstHitsMs: number;
  readonly allMs: number;
  /** The same of the very first task, which comes to a hub that has just started. */
  readonly coldFirstHitsMs: number;
  /** Hits of a search, messages of an export. */
  readonly found: number;
  readonly jobsDone: number;
}

export interface ClientCalls {
  /** Chat at a steady rate, and the task again and again beside it. @throws Error when a message is lost, or a job fails or gives something else */
  load(input: {
    url: string;
    messagesPerSecond: number;
    subscribers: number;
    warmUpSeconds: number;
    seconds: number;
    task?: Task;
  }): Promise<PacedFigures & TaskFigures>;
}
