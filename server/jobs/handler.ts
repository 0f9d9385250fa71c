import type { z } from 'zod';
import { HubError } from '../../shared/errors.js';
import type { PublishAnswer } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import { JOB_PRIORITIES, type JobLane, type JobPriority } from './job-queue.js';
import type { ResultWriter } from './result-store.js';
import type { RoomReader } from './room-reader.js';
import { nextTick, type Schedule } from './schedule.js';

/** What a handler says to the hub's log. */
export interface JobLog {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** What a running handler has beside its input. */
export interface JobContext {
  readonly jobId: string;
  /** Counts from 1. */
  readonly attempt: number;
  /** 0 to 1, and what else is worth showing, up to 64 KiB: each replaces the one before; at most 5 a second are passed on. */
  progress(done: number, more?: { note?: string; data?: unknown }): void;
  /** Fires when the job is cancelled or out of time; a thread that goes on is ended half a second later. */
  readonly signal: AbortSignal;
  /** Publishes as the hub. The n-th publication of a job has the same id in each attempt, so that a repeated run is not seen twice. */
  publish(room: RoomName, type: string, data: unknown): Promise<PublishAnswer>;
  readonly log: JobLog;
  readonly rooms: RoomReader;
  /** Opens the job's result file, for results too large for its state. */
  openResult(file: { name: string; contentType: string }): Promise<ResultWriter>;
}

export type RunJob<Input = unknown, Output = unknown> = (input: Input, context: JobContext) => Output | Promise<Output>;

export const JOB_REACHES = ['submitter', 'room'] as const;
export type JobReach = (typeof JOB_REACHES)[number];

export interface JobDeclaration<Schema extends z.ZodType, Result extends z.ZodType = z.ZodType> {
  /** 1 to 64 of a-z, 0-9 and dashes. */
  readonly name: string;
  readonly input: Schema;
  /** Held against what `run` gives, whose type it is. */
  readonly output?: Result;
  /** The input's field that names a room: who submits must be allowed to read that room. */
  readonly room?: string & keyof z.output<Schema>;
  /**
   * Whom the job's events reach. `submitter`: whoever handed it in. `room`: also the room of `room`, which is told when the job was handed in and how it
   * ended, and whose readers may follow it and fetch its result; who submits must be allowed to write there. Default `submitter`.
   */
  readonly reach?: JobReach;
  /** Submissions of one user with the same key are one run; a key that the submitter gives goes before this one. */
  readonly key?: (input: z.output<Schema>) => string;
  /** Milliseconds that one attempt may take. Default: the runner's. */
  readonly timeoutMs?: number;
  /** Runs at most, failures counted. Default 1. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt, doubled with each further one. Default 1,000. */
  readonly backoffMs?: number;
  /** Milliseconds for which the ended job is kept. Default: the service's. */
  readonly resultTtlMs?: number;
  /** Jobs of a higher priority go before all of a lower one. Default `normal`. */
  readonly priority?: JobPriority;
  /** Jobs of this handler that one user may have waiting and running; a further one is refused as `busy`. Default: no limit of its own. */
  readonly perUserLimit?: number;
  /** Jobs of this handler that run at a time, in all processes together; others wait, and those behind them do not. Default: no limit of its own. */
  readonly concurrency?: number;
  /** Runs it by itself, as the hub, with this input: once per tick, on however many instances it is declared. */
  readonly repeat?: Schedule & { readonly input: z.input<Schema> };
}

/**
 * `module` is a file that exports `run`: it runs in a worker thread, so it may compute for as long as it likes. A function given as
 * `run` cannot leave the process: it runs on the event loop and suits work that mostly waits (HTTP, a database).
 */
export type JobCode<Input, Output = unknown> =
  | { readonly module: URL; readonly run?: never }
  | { readonly run: RunJob<Input, Output>; readonly module?: never };

/** Declares a job of that name and adds it. @throws RangeError when the name is taken or the declaration out of range */
export type AddJob = <Schema extends z.ZodType, Result extends z.ZodType = z.ZodType>(
  name: string,
  declaration: Omit<JobDeclaration<Schema, Result>, 'name'> & JobCode<z.output<Schema>, z.input<Result>>,
) => void;

/** A declared handler. Its `input` parses what a submission carries; `code` knows what `input` gives. */
export interface JobHandler {
  readonly name: string;
  readonly lane: JobLane;
  readonly input: z.ZodType;
  readonly output: z.ZodType | undefined;
  readonly code: { readonly module: URL } | { readonly run: RunJob };
  readonly timeoutMs: number | undefined;
  readonly attempts: number;
  readonly backoffMs: number;
  readonly resultTtlMs: number | undefined;
  readonly priority: JobPriority;
  readonly perUserLimit: number | undefined;
  readonly concurrency: number | undefined;
  readonly repeat: (Schedule & { readonly input: unknown }) | undefined;
  readonly reach: JobReach;
  /** The room that parsed input names. */
  roomOf(input: unknown): string | undefined;
  keyOf(input: unknown): string | undefined;
}

const NAME = /^[a-z][a-z0-9-]{0,63}$/;

/** @throws RangeError when a name or number of the declaration is out of range */
export function defineJob<Schema extends z.ZodType, Result extends z.ZodType = z.ZodType>(
  job: JobDeclaration<Schema, Result> & JobCode<z.output<Schema>, z.input<Result>>,
): JobHandler {
  const { name, attempts = 1, backoffMs = 1_000, timeoutMs, resultTtlMs, priority = 'normal', repeat, room, key } = job;
  const { perUserLimit, concurrency, reach = 'submitter' } = job;
  if (!NAME.test(name)) throw new RangeError(`a job's name is 1 to 64 of a-z, 0-9 and dashes, beginning with a letter: ${name}`);
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > 100)
    throw new RangeError(`${name}: attempts is a whole number from 1 to 100`);
  if (!JOB_PRIORITIES.includes(priority)) throw new RangeError(`${name}: priority is one of ${JOB_PRIORITIES.join(', ')}`);
  if (!JOB_REACHES.includes(reach)) throw new RangeError(`${name}: reach is one of ${JOB_REACHES.join(', ')}`);
  if (reach === 'room' && room === undefined)
    throw new RangeError(`${name}: with reach 'room', room names the field of the input that has it`);
  for (const [what, limit] of Object.entries({ perUserLimit, concurrency })) {
    if (limit !== undefined && !(Number.isInteger(limit) && limit > 0)) throw new RangeError(`${name}: ${what} is a whole number from 1`);
  }
  checkRepeat(job);
  for (const [what, ms] of Object.entries({ timeoutMs, backoffMs, resultTtlMs })) {
    if (ms !== undefined && !(ms >= 0 && ms <= 2 ** 31 - 1)) throw new RangeError(`${name}: ${what} is 0 to 2147483647 milliseconds`);
  }
  return {
    name,
    lane: job.module ? 'threads' : 'loop',
    input: job.input,
    output: job.output,
    // The schema has parsed what `run` gets: its parameter is the schema's output.
    code: job.module ? { module: job.module } : { run: job.run as RunJob },
    timeoutMs,
    attempts,
    backoffMs,
    resultTtlMs,
    priority,
    perUserLimit,
    concurrency,
    repeat,
    reach,
    roomOf: (input) => (room === undefined ? undefined : String((input as Record<string, unknown>)[room])),
    keyOf: (input) => key?.(input as z.output<Schema>),
  };
}

/** @throws RangeError for a schedule that has no ticks, or an input that the handler does not take */
function checkRepeat<Schema extends z.ZodType>({ name, repeat, input }: JobDeclaration<Schema>): void {
  if (!repeat) return;
  nextTick(repeat, 0);
  const parsed = input.safeParse(repeat.input);
  if (!parsed.success) throw new RangeError(`${name}: the input of repeat is refused: ${parsed.error.issues[0]?.message}`);
}

/** The handlers that a process knows, by name. */
export class JobHandlers {
  private readonly byName = new Map<string, JobHandler>();

  constructor(handlers: Iterable<JobHandler> = []) {
    for (const handler of handlers) this.add(handler);
  }

  /** @throws RangeError when the name is taken */
  add(handler: JobHandler): void {
    if (this.byName.has(handler.name)) throw new RangeError(`a job named ${handler.name} is there already`);
    this.byName.set(handler.name, handler);
  }

  /** @throws HubError `unknown_job` */
  get(name: string): JobHandler {
    const handler = this.byName.get(name);
    if (!handler) throw new HubError('unknown_job', `no job handler is named ${name.slice(0, 64)}`);
    return handler;
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  all(): JobHandler[] {
    return [...this.byName.values()];
  }

  names(): string[] {
    return [...this.byName.keys()];
  }
}
