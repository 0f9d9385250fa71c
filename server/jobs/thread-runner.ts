import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { HubError } from '../../shared/errors.js';
import type { LogPage } from '../log/room-log.js';
import type { SystemPublisher } from '../rooms/publisher.js';
import { CrashedRun } from './job-machine.js';
import type { JobAttempt, JobControl } from './job-queue.js';
import type { LogSource } from './room-reader.js';
import {
  type CallName,
  type FromThread,
  fromPlainError,
  type LogLevel,
  MAPPED,
  type ThreadData,
  type ThreadOutcome,
  type ThreadSetup,
  type ThreadTask,
  type ToThread,
  toPlainError,
} from './thread-messages.js';

/** The hub's logger as jobs use it: the fields name the job. */
export type JobLogger = Record<LogLevel, (fields: Record<string, unknown>, message: string) => void>;

export interface ThreadRunnerOptions {
  /** The built `thread.js`: a thread loads no TypeScript. */
  readonly threadFile: URL;
  readonly setup: ThreadSetup;
  /** Threads at most; they start when needed and end after a minute without work, but for those that are kept. */
  readonly threads: number;
  /** Threads that start by themselves and are kept: a job finds its stores open and its code loaded. Default 0. */
  readonly warmThreads?: number;
  /** Milliseconds until they start, by when the process has done what it has to do first. Default 1,000. */
  readonly warmAfterMs?: number;
  /** Niceness of the threads, 0 to 19; where the system has none, it is left out. Default 10. */
  readonly nice?: number;
  /** Handlers' modules that each thread loads as it starts. */
  readonly preload?: readonly URL[];
  /** Megabytes of heap that one thread may use; past it the thread is ended and its job fails. Default 512. */
  readonly threadMemoryMb?: number;
  /** Milliseconds between a handler's signal and the end of its thread. Default 500. */
  readonly abortGraceMs?: number;
  readonly publisher: SystemPublisher;
  /** Read for threads that cannot open the rooms themselves. */
  readonly log: LogSource;
  /** A thread that opens the rooms itself has mapped some more of their file. */
  readonly onMapped?: (() => void) | undefined;
  readonly logger: JobLogger;
}

export interface ThreadRunner {
  /** Runs a handler's module in a thread, until it ends or `control.signal` fires. */
  run(module: URL, attempt: JobAttempt, control: JobControl, resultTtlMs: number): Promise<unknown>;
  /** Threads that run a job now. */
  busy(): number;
  close(): Promise<void>;
}

const IDLE_MS = 60_000;

export function createThreadRunner(options: ThreadRunnerOptions): ThreadRunner {
  const { threads, warmThreads = 0, warmAfterMs = 1_000, threadMemoryMb = 512, abortGraceMs = 500 } = options;
  let pool: Piscina | undefined;
  let running = 0;
  const warming = warmThreads > 0 ? setTimeout(open, warmAfterMs).unref() : undefined;

  function open(): Piscina {
    pool ??= openPool(options, threadMemoryMb);
    return pool;
  }

  return {
    async run(module, attempt, control, resultTtlMs) {
      if (control.signal.aborted) throw control.signal.reason;
      running++;
      const { port1: parentPort, port2: port } = new MessageChannel();
      const hear = serveThread(parentPort, attempt, control, options);
      const terminate = new AbortController();
      let timer: NodeJS.Timeout | undefined;
      const stop = () => {
        parentPort.postMessage({ kind: 'abort' } satisfies ToThread);
        timer = setTimeout(() => terminate.abort(), abortGraceMs);
      };
      control.signal.addEventListener('abort', stop, { once: true });
      try {
        const task: ThreadTask = { attempt, href: module.href, resultTtlMs, port };
        const outcomeOf: Promise<ThreadOutcome> = open().run(task, { transferList: [port], signal: terminate.signal });
        const outcome = await outcomeOf.catch((error: unknown) => Promise.reject(explain(error, threadMemoryMb)));
        // The outcome comes by another way, and may overtake what the handler said before.
        for (let said = receiveMessageOnPort(parentPort); said; said = receiveMessageOnPort(parentPort)) hear(said.message);
        if (outcome.progress) control.progress(outcome.progress);
        if (outcome.ok) return outcome.result;
        throw fromPlainError(outcome.error);
      } catch (error) {
        if (control.signal.aborted) throw control.signal.reason;
        throw error;
      } finally {
        clearTimeout(timer);
        control.signal.removeEventListener('abort', stop);
        parentPort.close();
        running--;
      }
    },
    busy: () => Math.min(running, threads),
    async close() {
      clearTimeout(warming);
      await pool?.destroy();
    },
  };
}

function openPool(
  { threadFile, setup, threads, warmThreads = 0, nice = 10, preload = [], onMapped, logger }: ThreadRunnerOptions,
  threadMemoryMb: number,
): Piscina {
  const pool = new Piscina({
    filename: fileURLToPath(threadFile.href),
    minThreads: Math.min(warmThreads, threads),
    maxThreads: threads,
    idleTimeout: IDLE_MS,
    // A thread blocked in Atomics.wait between tasks would not answer its Redis link.
    atomics: 'disabled',
    // A job computes when the event loop has nothing to do.
    niceIncrement: nice,
    resourceLimits: { maxOldGenerationSizeMb: threadMemoryMb },
    workerData: { ...setup, preload: preload.map(({ href }) => href) } satisfies ThreadData,
  });
  // A thread that ends without a task costs nothing but a new one.
  pool.on('message', (message: unknown) => message === MAPPED && onMapped?.());
  pool.on('error', (error: unknown) => logger.warn({ error: String(error) }, 'an idle job thread ended'));
  return pool;
}

/** Says of a thread's end what an operator can act on: what a handler throws comes as an outcome, not as an error of the pool. */
function explain(error: unknown, threadMemoryMb: number): unknown {
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new HubError('too_large', `the job needed more than the ${threadMemoryMb} MB that a thread may use`);
  }
  return new CrashedRun(`the thread of the job ended: ${error instanceof Error ? error.message : error}`, { cause: error });
}

/** A page as it can be sent: an entry of the log decodes its message when it is asked, which no copy of it can do. */
function toPlainPage({ entries, ...ends }: LogPage): LogPage {
  return { ...ends, entries: entries.map(({ epoch, seq, bytes, message }) => ({ epoch, seq, bytes, message })) };
}

/** Answers what the thread asks while its task runs; gives what hears one message of it. */
function serveThread(
  port: MessagePort,
  attempt: JobAttempt,
  control: JobControl,
  { publisher, log, logger }: ThreadRunnerOptions,
): (message: FromThread) => void {
  const answers: Record<CallName, (...args: never[]) => Promise<unknown>> = {
    publish: (room: `${string}:${string}`, type: string, data: unknown, id: string) => publisher.publish(room, type, data, { id }),
    read: async (...range: Parameters<LogSource['read']>) => toPlainPage(await log.read(...range)),
    ends: log.ends.bind(log),
  };
  const hear = (message: FromThread) => {
    if (message.kind === 'progress') return control.progress(message.progress);
    if (message.kind === 'log') {
      return logger[message.level]({ ...message.fields, job: attempt.name, jobId: attempt.jobId }, message.message);
    }
    const { id, name, args } = message;
    const send = (reply: ToThread) => port.postMessage(reply);
    answers[name](...(args as unknown[] as never[])).then(
      (answer) => send({ kind: 'answer', id, answer }),
      (error: unknown) => send({ kind: 'refusal', id, error: toPlainError(error) }),
    );
  };
  port.on('message', hear);
  return hear;
}
