import { HubError } from '../../shared/errors.js';
import type { SystemPublisher } from '../rooms/publisher.js';
import type { JobContext, JobHandler, JobHandlers, RunJob } from './handler.js';
import { holderOf } from './job-machine.js';
import type { JobAttempt, JobControl, JobRunner } from './job-queue.js';
import { toResult } from './job-result.js';
import type { ResultStore } from './result-store.js';
import { createRoomReader, type LogSource } from './room-reader.js';
import { publicationId, toProgress } from './thread-context.js';
import type { JobLogger, ThreadRunner } from './thread-runner.js';

export interface JobRunnerOptions {
  readonly handlers: JobHandlers;
  readonly threads: ThreadRunner;
  readonly publisher: SystemPublisher;
  readonly log: LogSource;
  readonly results: ResultStore;
  readonly logger: JobLogger;
  /** Milliseconds for which a result file is kept where the handler does not say. */
  readonly resultTtlMs: number;
}

/** Runs each attempt where its handler's code is: a module in a thread, a function on this event loop; in time, and held to its output's schema. */
export function createJobRunner(options: JobRunnerOptions): JobRunner {
  return async (attempt, control) => {
    const handler = options.handlers.get(attempt.name);
    const resultTtlMs = handler.resultTtlMs ?? options.resultTtlMs;
    const timed = inTime(attempt, control);
    try {
      const result =
        'module' in handler.code
          ? await options.threads.run(handler.code.module, attempt, timed.control, resultTtlMs)
          : await runHere(handler.code.run, attempt, timed.control, { ...options, resultTtlMs });
      return checkOutput(handler, result);
    } catch (error) {
      // A thread that was ended could not drop its file.
      await options.results.dropUnfinished?.(attempt.jobId).catch(() => {});
      throw error;
    } finally {
      timed.end();
    }
  };
}

/** The same control with a signal that fires at the end of the attempt's time too. */
function inTime({ timeoutMs }: JobAttempt, control: JobControl): { control: JobControl; end(): void } {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new HubError('timeout', `the job took longer than ${timeoutMs} ms`)), timeoutMs);
  // `AbortSignal.any` keeps weak references that the collector has to look through: dear where a run is short.
  const stop = () => late.abort(control.signal.reason);
  if (control.signal.aborted) stop();
  else control.signal.addEventListener('abort', stop, { once: true });
  return {
    control: { progress: (progress) => control.progress(progress), signal: late.signal },
    end() {
      clearTimeout(timer);
      control.signal.removeEventListener('abort', stop);
    },
  };
}

/** A function cannot be stopped from outside: when the signal fires, its result is no longer waited for. */
async function runHere(run: RunJob, attempt: JobAttempt, { progress, signal }: JobControl, options: JobRunnerOptions): Promise<unknown> {
  const { publisher, results, logger, resultTtlMs } = options;
  let published = 0;
  const said = { job: attempt.name, jobId: attempt.jobId };
  const context: JobContext = {
    jobId: attempt.jobId,
    attempt: attempt.attempt,
    signal,
    progress: (done, more) => progress(toProgress(done, more)),
    publish: (room, type, data) => publisher.publish(room, type, data, { id: publicationId(attempt.jobId, ++published) }),
    log: {
      info: (message, fields) => logger.info({ ...fields, ...said }, message),
      warn: (message, fields) => logger.warn({ ...fields, ...said }, message),
      error: (message, fields) => logger.error({ ...fields, ...said }, message),
    },
    rooms: createRoomReader(options.log),
    openResult: (file) => results.create(attempt.jobId, { ...file, ttlMs: resultTtlMs, holder: holderOf(attempt) }),
  };
  const stopped = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  signal.throwIfAborted();
  const result = await Promise.race([Promise.resolve().then(() => run(attempt.input, context)), stopped]);
  return toResult(result);
}

/** @throws Error for a result of another form than the handler's `output` */
function checkOutput(handler: JobHandler, result: unknown): unknown {
  const parsed = handler.output?.safeParse(result);
  if (parsed && !parsed.success) throw new Error(`${handler.name} gave a result of another form: ${parsed.error.issues[0]?.message}`);
  return result;
}
