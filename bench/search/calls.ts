import type { PacedFigures } from '../load/paced-publisher.js';

export const HISTORY_ROOM = 'chat:history';

export interface ServerCalls {
  open(input: { dataDir: string }): Promise<{ url: string }>;
  /** Publishes so many messages into the history's room; every tenth part of them has one with the word that is searched for. */
  fill(input: { messages: number }): Promise<void>;
  /** Watches the memory from now on. */
  watchMemory(input: Record<never, never>): Promise<void>;
  /** By how many bytes it grew at most. */
  growth(input: Record<never, never>): Promise<Memory>;
}

export interface Memory {
  readonly rss: number;
  /** Of it what is no page of a file: the store's file is mapped, and the system takes its pages back when it needs the room. */
  readonly anonymous: number;
}

export interface Task {
  readonly name: 'search' | 'export';
  readonly input: unknown;
}

export interface TaskFigures {
  /** From the submission to the first progress with a hit, and to the end; 0 where no task ran. */
  readonly firstHitsMs: number;
  readonly allMs: number;
  readonly jobsDone: number;
}

export interface ClientCalls {
  /** Chat at a steady rate, and the task again and again beside it. @throws Error when a message is lost, or a job fails */
  load(input: {
    url: string;
    messagesPerSecond: number;
    subscribers: number;
    warmUpSeconds: number;
    seconds: number;
    task?: Task;
  }): Promise<PacedFigures & TaskFigures>;
}
