import { HubError } from '../../shared/errors.js';
import type { JobDetails } from '../../shared/protocol.js';
import { doubtfulEnds, tellUntold } from './doubtful-ends.js';
import { JobBook } from './job-book.js';
import { createJobIds } from './job-ids.js';
import type { JobJournal } from './job-journal.js';
import { JobLine } from './job-line.js';
import {
  attemptOf,
  cancelJob,
  checkKept,
  completeJob,
  detailsOf,
  discardJob,
  failJob,
  inLine,
  isEnded,
  isRunning,
  type Job,
  newJob,
  progressJob,
  putBackJob,
  recordOf,
  recoverJob,
  retryJob,
  startJob,
} from './job-machine.js';
import {
  JOB_LANES,
  type JobControl,
  type JobLane,
  type JobProgress,
  type JobQueue,
  type JobRecord,
  type JobRequest,
  type JobRunner,
  type QueueDepth,
  type WorkOptions,
} from './job-queue.js';
import { throttleLatest } from './progress-throttle.js';
import type { LogSource } from './room-reader.js';
import type { JobLogger } from './thread-runner.js';

export interface PiscinaJobQueueOptions {
  /** Left out, jobs end with the process. */
  readonly journal?: JobJournal;
  /** The jobs' rooms: ends that the process before was killed over are looked for there. Left out, they are not told. */
  readonly rooms?: LogSource;
  /** Jobs that may wait. Default 1,000. */
  readonly queuedMax?: number;
  /** Bytes of JSON that waiting jobs may have together. Default 64 MiB. */
  readonly queuedMaxBytes?: number;
  /** Bytes of JSON of ended jobs past which the oldest are forgotten before their time. Default 64 MiB. */
  readonly endedMaxBytes?: number;
  /** The same of one holder's. Default half of `endedMaxBytes`. */
  readonly endedPerOwnerMaxBytes?: number;
  /** Milliseconds that a refused submitter is told to wait. Default 2,000. */
  readonly retryAfterMs?: number;
  readonly logger: JobLogger;
  readonly now?: () => number;
}

interface Running {
  readonly request: JobRequest;
  readonly abort: AbortController;
  readonly settled: Promise<void>;
}

const PROGRESS_INTERVAL_MS = 200;
const SWEEP_MS = 10_000;
const MIB = 1024 * 1024;

/** The queue of one process: what `work` is given runs the jobs, which with the hub's runner means in piscina's threads. */
export function createPiscinaJobQueue(options: PiscinaJobQueueOptions): JobQueue {
  return new PiscinaJobQueue(options);
}

class PiscinaJobQueue implements JobQueue {
  private readonly book: JobBook;
  /** Submissions that are not on disk yet. */
  private readonly pending = new Map<string, Promise<void>>();
  private readonly lines: Record<JobLane, JobLine> = { threads: new JobLine(), loop: new JobLine() };
  private readonly running = new Map<string, Running>();
  /** Jobs that start as soon as they are on disk: they have their places already. */
  private readonly starting = new Set<JobRequest>();
  private readonly retries = new Map<string, NodeJS.Timeout>();
  /** What became of jobs while nobody could listen yet: when the journal was read. */
  private readonly recovered: JobRecord[] = [];
  private readonly doubtful: readonly Job[];
  private readonly rooms: LogSource | undefined;
  private readonly sweeper = setInterval(() => this.sweep(), SWEEP_MS).unref();
  private readonly journal: JobJournal | undefined;
  private readonly logger: JobLogger;
  private readonly now: () => number;
  private readonly newId: () => string;
  private worker: { run: JobRunner; concurrency: Readonly<Record<JobLane, number>> } | undefined;
  private listener: (record: JobRecord) => void = () => {};
  private closed = false;

  constructor({ journal, rooms, logger, now = Date.now, queuedMax = 1_000, endedMaxBytes = 64 * MIB, ...limits }: PiscinaJobQueueOptions) {
    const defaults = {
      queuedMaxBytes: 64 * MIB,
      endedPerOwnerMaxBytes: Math.ceil(endedMaxBytes / 2),
      retryAfterMs: 2_000,
    };
    this.book = new JobBook({ ...defaults, ...limits, queuedMax, endedMaxBytes }, now);
    this.newId = createJobIds(now);
    this.now = now;
    this.journal = journal;
    this.rooms = rooms;
    this.logger = logger;
    const stored = journal?.load() ?? [];
    this.doubtful = doubtfulEnds(stored);
    for (const job of stored) this.restore(job);
  }

  async submit(request: JobRequest): Promise<JobRecord> {
    if (this.closed) throw new HubError('closing');
    const joined = this.book.joined(request);
    if (joined) {
      await this.pending.get(joined.state.jobId);
      return this.get(joined.state.jobId);
    }
    this.book.admit(request);
    const fresh = newJob(request, this.newId(), this.now());
    const { jobId } = fresh.state;
    // Where a place is free, the start goes to disk with the submission: a write less to wait for.
    const started = this.free(request.lane) > 0 && this.mayStart(request) ? startJob(fresh, this.now()) : undefined;
    const job = started ? fresh : inLine(fresh, this.lines[request.lane].placeOf(request));
    this.book.put(job);
    const written = this.journal?.put(started ?? job) ?? Promise.resolve();
    this.pending.set(jobId, written);
    if (started) this.starting.add(request);
    const isOver = () => {
      this.pending.delete(jobId);
      this.starting.delete(request);
    };
    try {
      await written;
    } catch (error) {
      isOver();
      this.book.remove(jobId);
      this.pump();
      throw error;
    }
    isOver();
    if (this.book.find(jobId) === job) this.report(job, started);
    this.pump();
    return recordOf(job);
  }

  /** A new job that is on disk, started or not. */
  private report(job: Job, started: Job | undefined): void {
    this.listener(recordOf(job));
    if (started && this.worker) this.begin(started, this.worker.run);
    else this.enqueue(job);
  }

  async get(jobId: string): Promise<JobRecord> {
    return recordOf(this.book.get(jobId));
  }

  async cancel(jobId: string): Promise<JobRecord> {
    const job = this.job(jobId);
    if (isEnded(job)) return recordOf(job);
    this.unqueue(job);
    const cancelled = cancelJob(job, this.now());
    const changed = this.change(cancelled);
    this.running.get(jobId)?.abort.abort(new HubError('closing', 'the job was cancelled'));
    await changed;
    return recordOf(cancelled);
  }

  async inspect(jobId: string): Promise<JobDetails> {
    return detailsOf(this.job(jobId));
  }

  async retry(jobId: string): Promise<JobRecord> {
    if (this.closed) throw new HubError('closing');
    const failed = this.job(jobId);
    if (!isEnded(failed)) return recordOf(failed);
    const job = retryJob(failed, this.now());
    this.book.admit(job.request);
    await this.changeAndLineUp(job);
    return recordOf(job);
  }

  async discard(jobId: string): Promise<JobRecord> {
    const failed = this.job(jobId);
    const discarded = discardJob(failed, this.now());
    this.replace(failed, discarded);
    try {
      await this.journal?.put(discarded);
    } catch (error) {
      this.replace(discarded, failed);
      throw error;
    }
    return recordOf(discarded);
  }

  async list(query: { owner?: string; state?: 'failed'; limit: number }): Promise<JobRecord[]> {
    return this.book.list(query).map(recordOf);
  }

  /** There are no other processes to leave a job to. */
  async work(run: JobRunner, { concurrency }: WorkOptions): Promise<void> {
    this.worker = { run, concurrency };
    this.pump();
  }

  onChange(listener: (record: JobRecord) => void): void {
    this.listener = listener;
    for (const record of this.recovered.splice(0)) listener(record);
  }

  /** Each is told once: this process tells the ends of the one before. */
  onUntold(listener: (record: JobRecord) => void): void {
    if (!this.rooms) return;
    const tell = (job: Job) => this.book.find(job.state.jobId) === job && listener(recordOf(job));
    tellUntold(this.doubtful, this.rooms, tell).catch((error: unknown) => {
      if (!this.closed) this.logger.error({ error: String(error) }, 'ends of jobs could not be told again');
    });
  }

  async depth(): Promise<QueueDepth> {
    return { ...this.book.depth(), active: this.running.size };
  }

  async close(graceMs: number): Promise<void> {
    this.closed = true;
    clearInterval(this.sweeper);
    for (const timer of this.retries.values()) clearTimeout(timer);
    // Those that start with their submission are among the running ones then.
    await Promise.allSettled(this.pending.values());
    await settledWithin([...this.running.values()], graceMs);
    const left = [...this.running];
    for (const [jobId, { abort }] of left) {
      const job = this.book.find(jobId);
      if (job?.state.state === 'active') await this.change(putBackJob(job));
      abort.abort(new HubError('closing'));
    }
    await Promise.all(left.map(([, { settled }]) => settled));
    await this.journal?.close();
  }

  /** @throws HubError `unknown_job` */
  private job(jobId: string): Job {
    return checkKept(this.book.get(jobId));
  }

  /** For a change of what the job was given: its key goes with it. */
  private replace(before: Job, after: Job): void {
    this.book.remove(before.state.jobId);
    this.book.put(after);
  }

  /** A job from the journal: what was active when the process ended is queued again. */
  private restore(stored: Job): void {
    const job = stored.state.state === 'active' ? recoverJob(stored, this.now()) : stored;
    this.book.put(job);
    if (job !== stored) {
      this.recovered.push(recordOf(job));
      this.write(job);
    }
    if (job.state.state === 'queued') this.enqueue(job);
  }

  private pump(): void {
    if (!this.worker || this.closed) return;
    const mayStart = (jobId: string) => {
      const job = this.book.find(jobId);
      return !job || this.mayStart(job.request);
    };
    for (const lane of JOB_LANES) {
      for (let free = this.free(lane); free > 0; free--) {
        const job = this.book.find(this.lines[lane].take(mayStart));
        if (!job) break;
        this.start(job, this.worker.run);
      }
    }
  }

  /** Jobs of the lane that could start now. */
  private free(lane: JobLane): number {
    if (!this.worker || this.closed) return 0;
    return this.worker.concurrency[lane] - this.placed((one) => one.lane === lane);
  }

  /** Whether fewer jobs of its handler run than that allows. */
  private mayStart({ name, concurrency }: JobRequest): boolean {
    return concurrency === undefined || this.placed((one) => one.name === name) < concurrency;
  }

  /** How many such jobs have a place. */
  private placed(isCounted: (request: JobRequest) => boolean): number {
    let count = 0;
    for (const { request } of this.running.values()) if (isCounted(request)) count++;
    for (const request of this.starting) if (isCounted(request)) count++;
    return count;
  }

  private start(queued: Job, run: JobRunner): void {
    const job = startJob(queued, this.now());
    // Not awaited: were it lost, the job would be queued still, and run again.
    this.write(job);
    this.begin(job, run);
  }

  private begin(job: Job, run: JobRunner): void {
    const { jobId } = job.state;
    const abort = new AbortController();
    const throttle = throttleLatest<JobProgress>(PROGRESS_INTERVAL_MS, (progress) => this.progress(jobId, job.fence, progress));
    let latest: JobProgress | undefined;
    const control: JobControl = {
      signal: abort.signal,
      progress(progress) {
        latest = progress;
        throttle.push(progress);
      },
    };
    const settle = (next: (job: Job) => Job) => {
      throttle.stop();
      return this.settle(jobId, job.fence, (current) => next(latest ? progressJob(current, latest) : current));
    };
    this.book.put(job);
    this.listener(recordOf(job));
    const settled = Promise.resolve()
      .then(() => run(attemptOf(job), control))
      .then(
        (result) => settle((current) => completeJob(current, result, this.now())),
        (error: unknown) => settle((current) => failJob(current, error, this.now())),
      );
    this.running.set(jobId, { request: job.request, abort, settled });
  }

  private progress(jobId: string, fence: number, progress: JobProgress): void {
    const job = this.book.find(jobId);
    if (!isRunning(job, fence)) return;
    const changed = progressJob(job, progress);
    this.book.replace(changed);
    this.listener(recordOf(changed));
  }

  private async settle(jobId: string, fence: number, next: (job: Job) => Job): Promise<void> {
    this.running.delete(jobId);
    const job = this.book.find(jobId);
    this.pump();
    if (!isRunning(job, fence)) return;
    await this.changeAndLineUp(next(job));
  }

  private async changeAndLineUp(job: Job): Promise<void> {
    await this.change(job);
    if (job.state.state === 'queued' && this.book.find(job.state.jobId) === job) this.enqueue(job);
  }

  /** Into its owner's turn, at once or when its next attempt is due. */
  private enqueue({ request, state, notBefore = 0 }: Job): void {
    const add = () => {
      this.retries.delete(state.jobId);
      this.lines[request.lane].add(request, state.jobId);
      this.pump();
    };
    const waitMs = notBefore - this.now();
    if (waitMs > 0) this.retries.set(state.jobId, setTimeout(add, waitMs).unref());
    else add();
  }

  private unqueue({ request, state }: Job): void {
    this.lines[request.lane].remove(request, state.jobId);
    clearTimeout(this.retries.get(state.jobId));
    this.retries.delete(state.jobId);
  }

  /** Stores a new state and reports it once it would survive. */
  private async change(job: Job): Promise<void> {
    this.book.put(job);
    await this.write(job);
    this.listener(recordOf(job));
  }

  /** A state that cannot be written still counts in this process. */
  private async write(job: Job): Promise<void> {
    await this.journal?.put(job).catch((error: unknown) => {
      this.logger.error({ jobId: job.state.jobId, error: String(error) }, 'a job could not be written to disk');
    });
  }

  private sweep(): void {
    for (const jobId of this.book.forgettable()) this.journal?.remove(jobId).catch(() => {});
  }
}

async function settledWithin(running: readonly Running[], ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([Promise.all(running.map(({ settled }) => settled)), grace]);
  clearTimeout(timer);
}
