import { setTimeout as delay } from 'node:timers/promises';
import { HubError } from '../../shared/errors.js';
import { attemptOf, completeJob, failJob, isRunning, type Job, progressJob, putBackJob, startJob } from './job-machine.js';
import type { JobProgress, JobRunner } from './job-queue.js';
import type { JobRecords } from './job-records.js';
import { throttleLatest } from './progress-throttle.js';

/** What BullMQ is to do with the job after the run. */
export type RunOutcome =
  | { next: 'none' }
  | { next: 'not started' }
  | { next: 'put back' }
  | { next: 'wait'; delayMs: number }
  | { next: 'failed'; message: string };

interface Surroundings {
  readonly records: Pick<JobRecords, 'change' | 'read'>;
  /** Hears each state once it is written. */
  report(job: Job): void;
  readonly now: () => number;
}

const PROGRESS_INTERVAL_MS = 200;
const LAST_RETRY_MS = 1_000;

/** One run of a job in this process, whose states are written one after the other, each on top of the one before. */
export class RunningJob {
  private readonly abort = new AbortController();
  private tail: Promise<unknown> = Promise.resolve();
  private puttingBack = false;
  private fence = 0;

  constructor(
    private job: Job,
    private readonly around: Surroundings,
  ) {}

  get jobId(): string {
    return this.job.state.jobId;
  }

  /** As it was last written. */
  get now(): Job {
    return this.job;
  }

  /** Starts the job, unless it is in another state by now, and sees it to the end of the attempt. */
  async run(runner: JobRunner): Promise<RunOutcome> {
    const started = startJob(this.job, this.around.now());
    this.fence = started.fence;
    if (!(await this.write(() => started))) return { next: 'not started' };
    return this.runStarted(runner);
  }

  /** The same for a job that was started as it was written. */
  async runStarted(runner: JobRunner): Promise<RunOutcome> {
    this.fence = this.job.fence;
    const end = await this.attempt(this.job, runner);
    return this.inTurn(() => this.writeEnd(end));
  }

  /** Whether the job was ended or taken over meanwhile: then its run ends. */
  look(): void {
    this.inTurn(async () => {
      const stored = await this.around.records.read(this.jobId);
      if (!isRunning(stored, this.fence)) this.abort.abort(new HubError('closing', 'the job was ended elsewhere'));
    }).catch(() => {});
  }

  /** Cuts the run off; the job goes back into the line and the attempt does not count. */
  putBack(): void {
    this.puttingBack = true;
    this.abort.abort(new HubError('closing'));
  }

  private async attempt(started: Job, runner: JobRunner): Promise<(job: Job) => Job> {
    let latest: JobProgress | undefined;
    const throttle = throttleLatest<JobProgress>(PROGRESS_INTERVAL_MS, (progress) => {
      this.inTurn(() => this.write((job) => progressJob(job, progress))).catch(() => {});
    });
    const control = {
      signal: this.abort.signal,
      progress(progress: JobProgress) {
        latest = progress;
        throttle.push(progress);
      },
    };
    const { now } = this.around;
    const withProgress = (job: Job) => (latest ? progressJob(job, latest) : job);
    try {
      if (control.signal.aborted) throw control.signal.reason;
      const result = await runner(attemptOf(started), control);
      return (job) => completeJob(withProgress(job), result, now());
    } catch (error) {
      return (job) => (this.puttingBack ? putBackJob(job) : failJob(withProgress(job), error, now()));
    } finally {
      throttle.stop();
    }
  }

  private async writeEnd(end: (job: Job) => Job): Promise<RunOutcome> {
    if (!(await this.write(end))) return { next: 'none' };
    const { state, notBefore } = this.job;
    if (state.state === 'failed') return { next: 'failed', message: state.error?.message ?? 'failed' };
    if (state.state !== 'queued') return { next: 'none' };
    return notBefore === undefined ? { next: 'put back' } : { next: 'wait', delayMs: Math.max(0, notBefore - this.around.now()) };
  }

  /**
   * Writes the next state, for as long as it takes while Redis is away: by then another process may have taken the job over, and
   * nothing is written. False: this run no longer counts, and is cut off.
   */
  private async write(next: (job: Job) => Job): Promise<boolean> {
    const { records, report } = this.around;
    const job = next(this.job);
    for (let retryMs = 50; ; retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)) {
      try {
        const written = (await records.change(this.job, job)) || (await this.isWritten(job));
        if (written) {
          this.job = job;
          report(job);
        } else {
          this.abort.abort(new HubError('closing', 'the job was ended elsewhere'));
        }
        return written;
      } catch (error) {
        // A closing process leaves what it cannot write: the lock lapses, and another process starts the job again.
        if (this.puttingBack || !isAway(error)) throw error;
        await delay(retryMs);
      }
    }
  }

  /** A write that timed out may have been made, and its repetition then finds it. */
  private async isWritten(job: Job): Promise<boolean> {
    const stored = await this.around.records.read(job.state.jobId);
    return stored?.state.revision === job.state.revision && stored.fence === job.fence && stored.state.state === job.state.state;
  }

  private inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const done = this.tail.then(work, work);
    this.tail = done.catch(() => {});
    return done;
  }
}

/** Redis is away: nothing was written, or it is not known. */
const isAway = (error: unknown) => error instanceof HubError && (error.code === 'unavailable' || error.code === 'timeout');
