import { type Job as BullJob, UnrecoverableError } from 'bullmq';
import { LRUCache } from 'lru-cache';
import { HubError } from '../../shared/errors.js';
import type { JobDetails } from '../../shared/protocol.js';
import { type BullData, BullmqLines, giveBack, letGo, notTaken, RetryLater } from './bullmq-lines.js';
import { createJobIds } from './job-ids.js';
import { JobKeys } from './job-keys.js';
import {
  cancelJob,
  checkKept,
  detailsOf,
  discardJob,
  inLine,
  isEnded,
  type Job,
  newJob,
  noSuchJob,
  recordOf,
  recoverJob,
  retryJob,
  startJob,
} from './job-machine.js';
import {
  JOB_LANES,
  type JobLane,
  type JobQueue,
  type JobRecord,
  type JobRequest,
  type JobRunner,
  type QueueDepth,
  type WorkOptions,
} from './job-queue.js';
import { HandlerFull, JobRecords } from './job-records.js';
import type { JobsLink } from './jobs-link.js';
import { LaneEntrance, type Place } from './lane-entrance.js';
import { LeasedRuns } from './leased-runs.js';
import { LostJobs } from './lost-jobs.js';
import { RunningJob } from './running-job.js';
import type { JobLogger } from './thread-runner.js';
import { UntoldEnds } from './untold-ends.js';
import { within } from './within.js';

export interface BullmqJobQueueOptions {
  /** The hub's link to Redis: the jobs' states and cancellations go through it. */
  readonly link: JobsLink;
  /** The same Redis: BullMQ has connections of its own, one of which blocks. */
  readonly url: string;
  readonly prefix: string;
  /** Jobs that may wait, on all instances together. Default 1,000. */
  readonly queuedMax?: number;
  /** Failed jobs that are kept, the newest. Default 5,000. */
  readonly failedMax?: number;
  /** Failed jobs of one holder that are kept, the newest. Default half of `failedMax`. */
  readonly failedPerOwnerMax?: number;
  /** Bytes of JSON of ended jobs that did not fail and have more than 4 KiB; past it those are forgotten that would be first. Default 256 MiB. */
  readonly endedMaxBytes?: number;
  /** The same of one holder's. Default half of `endedMaxBytes`. */
  readonly endedPerOwnerMaxBytes?: number;
  /** Milliseconds that a refused submitter is told to wait. Default 2,000. */
  readonly retryAfterMs?: number;
  /** Milliseconds without a sign from a worker after which its jobs are given to others. Default 15,000. */
  readonly lockMs?: number;
  /** Milliseconds between two looks for jobs that BullMQ does not have. Default 30,000. */
  readonly adoptMs?: number;
  /** Milliseconds after which a job that is left by all who take it, because they have no handler for it, is run all the same. Default 300,000. */
  readonly leaveMs?: number;
  /** Milliseconds after which another process tells the end of a job that its own process did not. Default 10,000. */
  readonly untoldMs?: number;
  /**
   * Lanes whose jobs are started where they are submitted, without BullMQ, if there is a place and nobody waits. Default: the event loop alone, where a job
   * mostly waits; work for threads is left to whichever process is idle.
   */
  readonly startsHere?: readonly JobLane[];
  readonly logger: JobLogger;
  readonly now?: () => number;
}

/** A job that this process has no handler for is not offered again before this, which doubles each time. */
const LEAVE_FIRST_MS = 50;
const LEAVE_LAST_MS = 5_000;
/** A submission that may start where it is waits this often for a line to be gone, before it goes there. */
const START_TRIES = 3;
/** A job that BullMQ gave to a process whose places are all taken meanwhile waits this long for one, and goes back then. */
const PLACE_MS = 200;
/** Jobs submitted here that are started without being read, if they are taken here: with their inputs 16 MiB at most. */
const REMEMBERED = 256;

/**
 * Jobs on Redis, run by whichever process works. BullMQ moves them: line, locks, stalled workers, waits before the next attempt. What
 * state a job is in is written in `JobRecords`, fenced.
 *
 * A job that need not wait is started where it is submitted, in one step with its submission, and BullMQ never has it: a lease stands for BullMQ's lock.
 * When the lease is over, another attempt is due, or its process stops, it goes to BullMQ as any other.
 *
 * Order: holders take turns by start-time fair queueing, as BullMQ priorities; a job that a stalled worker or a close gave back goes first.
 */
export function createBullmqJobQueue(options: BullmqJobQueueOptions): JobQueue {
  return new BullmqJobQueue(options);
}

class BullmqJobQueue implements JobQueue {
  private readonly records: JobRecords;
  private readonly lines: BullmqLines;
  private readonly entrances: Partial<Record<JobLane, LaneEntrance>> = {};
  private readonly runners: Partial<Record<JobLane, JobRunner>> = {};
  private readonly leased: LeasedRuns;
  private readonly lost: LostJobs;
  /** More than one of a job, where this process lost it and took it again. */
  private readonly running = new Set<RunningJob>();
  /** What BullMQ waits for: it ends after the run, when BullMQ knows what becomes of the job. */
  private readonly processing = new Set<Promise<unknown>>();
  /** As they were submitted; the write of their start tells where they changed since. */
  private readonly submitted = new LRUCache<string, Job>({ max: REMEMBERED });
  private readonly options: Required<BullmqJobQueueOptions>;
  private readonly channel: string;
  private readonly newId: () => string;
  private readonly stopHearing: () => void;
  private listener: (record: JobRecord) => void = () => {};
  private untoldListener: (record: JobRecord) => void = () => {};
  private readonly untoldEnds: UntoldEnds;
  private knows: (name: string) => boolean = () => true;
  private orphanTimer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(options: BullmqJobQueueOptions) {
    const { queuedMax = 1_000, failedMax = 5_000, endedMaxBytes = 256 * 1024 * 1024 } = options;
    const defaults = {
      failedPerOwnerMax: Math.ceil(failedMax / 2),
      endedPerOwnerMaxBytes: Math.ceil(endedMaxBytes / 2),
      retryAfterMs: 2_000,
      lockMs: 15_000,
      adoptMs: 30_000,
      leaveMs: 300_000,
      untoldMs: 10_000,
      startsHere: ['loop'] as const,
      now: Date.now,
    };
    this.options = { ...defaults, ...options, queuedMax, failedMax, endedMaxBytes };
    const { link, prefix } = options;
    this.records = new JobRecords(link, prefix, this.options, (jobId) => void this.track(this.admit(jobId)).catch(() => {}));
    this.untoldEnds = new UntoldEnds({
      records: this.records,
      tell: (job) => this.untoldListener(recordOf(job)),
      afterMs: this.options.untoldMs,
      now: this.options.now,
    });
    this.newId = createJobIds(this.options.now);
    this.lines = new BullmqLines({ ...this.options, locate: (key) => link.locate(key) });
    this.lost = new LostJobs({
      records: this.records,
      findInBull: (lane, jobId) => this.lines.find(lane, jobId),
      add: (job, turn) => this.lines.add(job, turn),
      report: (job) => this.listener(recordOf(job)),
      now: this.options.now,
    });
    const takeOver = (jobId: string) => this.lost.takeOver(jobId);
    this.leased = new LeasedRuns({ records: this.records, leaseMs: this.options.lockMs, takeOver });
    this.channel = new JobKeys(prefix).of('cancelled');
    this.stopHearing = link.keepSubscribed(this.channel, {
      message: (payload) => this.lookAt(payload.toString()),
      doubt: () => this.lookAt(),
    });
  }

  async submit(request: JobRequest): Promise<JobRecord> {
    if (this.closed) throw new HubError('closing');
    for (let tries = 0; tries < START_TRIES; tries++) {
      const place = await this.placeToStart(request);
      if (!place) break;
      const record = await this.start(request, place);
      if (record === 'full') break;
      if (record) return record;
    }
    return this.lineUp(request, () => this.create(request));
  }

  async get(jobId: string): Promise<JobRecord> {
    return recordOf(await this.known(jobId));
  }

  async cancel(jobId: string): Promise<JobRecord> {
    for (;;) {
      const job = await this.job(jobId);
      if (isEnded(job)) return recordOf(job);
      const cancelled = cancelJob(job, this.options.now());
      if (!(await this.records.change(job, cancelled))) continue;
      this.listener(recordOf(cancelled));
      this.lookAt(jobId);
      // Both are shortcuts: a run that hears nothing is stopped when it next reports, and BullMQ's job is dropped when it is taken.
      await this.options.link.publish(this.channel, jobId).catch(() => {});
      this.lines.drop(job);
      return recordOf(cancelled);
    }
  }

  async inspect(jobId: string): Promise<JobDetails> {
    return detailsOf(await this.job(jobId));
  }

  async retry(jobId: string): Promise<JobRecord> {
    if (this.closed) throw new HubError('closing');
    for (;;) {
      const failed = await this.job(jobId);
      if (!isEnded(failed)) return recordOf(failed);
      const job = retryJob(failed, this.options.now());
      const turn = await this.records.retry(failed, job);
      if (turn === undefined) continue;
      this.listener(recordOf(job));
      // Where BullMQ does not take it now, the next look for orphans puts it in line.
      await this.lines.addAgain(job, turn).catch(() => {});
      return recordOf(job);
    }
  }

  async discard(jobId: string): Promise<JobRecord> {
    for (;;) {
      const failed = await this.job(jobId);
      const discarded = discardJob(failed, this.options.now());
      if (!(await this.records.discard(failed, discarded))) continue;
      // What BullMQ still has of it is dropped by its own count.
      this.lines.drop(failed);
      return recordOf(discarded);
    }
  }

  async list(query: { owner?: string; state?: 'failed'; limit: number }): Promise<JobRecord[]> {
    return this.records.list(query);
  }

  async work(run: JobRunner, { concurrency, knows = () => true }: WorkOptions): Promise<void> {
    this.knows = knows;
    for (const lane of JOB_LANES) {
      if (concurrency[lane] === 0) continue;
      const taker = this.lines.take(lane, concurrency[lane], {
        process: (bullJob, token) => this.track(this.process(bullJob, token, lane)),
        onDoubt: (jobId) => this.lookAt(jobId),
      });
      const entrance = new LaneEntrance(concurrency[lane], taker);
      this.entrances[lane] = entrance;
      this.runners[lane] = entrance.timed(run);
    }
    this.orphanTimer ??= setInterval(() => this.lost.adoptOrphans().catch(() => {}), this.options.adoptMs).unref();
    this.leased.start();
  }

  onChange(listener: (record: JobRecord) => void): void {
    this.listener = listener;
  }

  onUntold(listener: (record: JobRecord) => void): void {
    this.untoldListener = listener;
  }

  told(jobId: string): void {
    this.untoldEnds.told(jobId);
  }

  depth(): Promise<QueueDepth> {
    return this.records.depth(this.options.now());
  }

  async close(graceMs: number): Promise<void> {
    this.closed = true;
    clearInterval(this.orphanTimer);
    this.untoldEnds.close();
    await this.lines.pause();
    const processed = async () => {
      // What ends may let another job into the line.
      while (this.processing.size > 0) await Promise.allSettled(this.processing);
    };
    await within(graceMs, processed()).catch(() => {});
    for (const run of this.running) run.putBack();
    await within(5_000, processed()).catch(() => {});
    this.stopHearing();
    this.leased.stop();
    await this.lines.close();
  }

  private async placeToStart({ lane, name }: JobRequest): Promise<Place | undefined> {
    if (!this.options.startsHere.includes(lane) || !this.knows(name)) return undefined;
    return this.entrances[lane]?.placeToStart();
  }

  /** Not started: `full`, because it has to wait for others of its handler; undefined, because of a line, or the run that it was to join is forgotten. */
  private async start(request: JobRequest, place: Place): Promise<JobRecord | 'full' | undefined> {
    const { now, lockMs: leaseMs } = this.options;
    const job = newJob(request, this.newId(), now());
    try {
      const answer = await this.records.start({ job: startJob(job, job.state.createdAt), leaseMs });
      if ('started' in answer) {
        this.listener(recordOf(job));
        void this.track(this.runStarted(answer.started, place)).catch(() => {});
        return recordOf(job);
      }
      place.giveBack();
      if ('joined' in answer) return await this.join(answer.joined);
      if ('full' in answer) return 'full';
      this.entrances[request.lane]?.sawLine();
      return undefined;
    } catch (error) {
      place.giveBack();
      throw error;
    }
  }

  private async create(request: JobRequest): Promise<JobRecord> {
    for (;;) {
      const job = newJob(request, this.newId(), this.options.now());
      const answer = await this.records.create(job);
      if ('created' in answer) {
        this.submitted.set(job.state.jobId, job);
        const told = recordOf(inLine(job, answer.place));
        this.listener(told);
        if (!answer.held) await this.enter(job, answer.turn);
        return told;
      }
      const joined = await this.join(answer.joined);
      if (joined) return joined;
    }
  }

  /** Undefined: it was forgotten in between, and there is nothing to join. */
  private async join(jobId: string): Promise<JobRecord | undefined> {
    const joined = await this.records.read(jobId);
    if (!joined) return undefined;
    // Its submitter may have gone before BullMQ had it; BullMQ takes a job once.
    if (joined.state.state === 'queued') await this.lines.add(joined, await this.records.turnOf(jobId));
    return recordOf(joined);
  }

  /** Puts a job in line before any that is submitted after it. */
  private lineUp<Value>({ lane }: JobRequest, work: () => Promise<Value>): Promise<Value> {
    const entrance = this.entrances[lane];
    return entrance ? entrance.lineUp(work) : work();
  }

  /** @throws HubError `unknown_job` */
  private async job(jobId: string): Promise<Job> {
    return checkKept(await this.known(jobId));
  }

  /** One that was discarded too. @throws HubError `unknown_job` */
  private async known(jobId: string): Promise<Job> {
    const job = await this.records.read(jobId);
    if (!job) throw noSuchJob();
    return job;
  }

  /**
   * Puts a new job in line, or takes it back: a job that has ended does not run, whatever BullMQ has, and so its refusal is one.
   * @throws HubError as `submit`
   */
  private async enter(job: Job, turn: number): Promise<void> {
    try {
      await this.lines.add(job, turn);
    } catch (error) {
      if (!(await this.takeBack(job))) throw mayRun();
      throw error instanceof HubError && error.code === 'timeout' ? notTaken() : error;
    }
  }

  private async takeBack(job: Job): Promise<boolean> {
    const cancelled = cancelJob(job, this.options.now());
    const taken = await this.records.change(job, cancelled, { unjoined: true }).catch(() => false);
    if (taken) this.listener(recordOf(cancelled));
    return taken;
  }

  private track<Value>(work: Promise<Value>): Promise<Value> {
    this.processing.add(work);
    const done = () => this.processing.delete(work);
    work.then(done, done);
    return work;
  }

  /** Runs a job that was started as it was submitted, and gives BullMQ what is not over with that. */
  private async runStarted(started: Job, place: Place): Promise<void> {
    const running = this.open(started);
    const run = this.runners[started.request.lane]!;
    this.leased.add(running);
    this.listener(recordOf(started));
    if (this.closed) running.putBack();
    try {
      const { next } = await running.runStarted((attempt, control) => run(attempt, control).finally(() => place.giveBack()));
      // Where BullMQ does not take it now, the next look for orphans puts it in line.
      if (next === 'wait' || next === 'put back') await this.lines.add(running.now, 1);
    } finally {
      place.giveBack();
      this.leased.delete(running);
      this.running.delete(running);
    }
  }

  private open(job: Job): RunningJob {
    const report = (changed: Job) => this.listener(recordOf(changed));
    const running = new RunningJob(job, { records: this.records, report, now: this.options.now });
    this.running.add(running);
    return running;
  }

  /** What BullMQ calls for each job that it took for this process. */
  private async process(bullJob: BullJob<BullData>, token: string | undefined, lane: JobLane): Promise<void> {
    const inPlace = await this.entrances[lane]!.run(() => this.runTaken(bullJob, token, this.runners[lane]!), PLACE_MS);
    if (!inPlace) await giveBack(bullJob, token);
  }

  private async runTaken(bullJob: BullJob<BullData>, token: string | undefined, run: JobRunner): Promise<void> {
    const jobId = bullJob.id ?? '';
    const remembered = this.submitted.get(jobId);
    this.submitted.delete(jobId);
    const job = remembered ?? (await this.take(jobId));
    if (!job) return;
    if (this.closed) return giveBack(bullJob, token);
    if (!this.knows(job.request.name)) await this.leaveToOthers(bullJob, job);
    this.lookAt(jobId);
    const running = this.open(job);
    try {
      const outcome = await running.run(run);
      // It changed since its submission: as what it is now, it may still have to run.
      if (outcome.next === 'not started' && remembered) return await this.runTaken(bullJob, token, run);
      if (outcome.next === 'wait') throw new RetryLater(outcome.delayMs);
      if (outcome.next === 'put back') return await giveBack(bullJob, token);
      if (outcome.next === 'failed') throw new UnrecoverableError(outcome.message);
    } catch (error) {
      throw error instanceof HandlerFull ? await this.holdBack(bullJob, token, job) : error;
    } finally {
      this.running.delete(running);
    }
  }

  /** Takes a job out of BullMQ's line until another one of its handler has ended; gives what is to be thrown to BullMQ. */
  private async holdBack(bullJob: BullJob<BullData>, token: string | undefined, job: Job): Promise<Error> {
    const gone = await letGo(bullJob, token);
    // It may have been its turn meanwhile, when BullMQ had it still and did not take it again. Where this fails, the next look for orphans does it.
    if (!(await this.records.hold(job).catch(() => true))) await this.admit(job.state.jobId).catch(() => {});
    return gone;
  }

  /** Puts a job in line that waited for others of its handler. Where BullMQ does not take it now, the next look for orphans puts it there. */
  private async admit(jobId: string): Promise<void> {
    const job = await this.records.read(jobId);
    if (job?.state.state === 'queued') await this.lines.add(job, await this.records.turnOf(jobId));
  }

  /** Ends this try, so that a process with the handler comes to take the job. Returns when there seems to be none. */
  private async leaveToOthers(bullJob: BullJob<BullData>, { request: { name }, state: { jobId } }: Job): Promise<void> {
    const now = this.options.now();
    const { leftAt = now } = bullJob.data;
    if (now - leftAt > this.options.leaveMs) return;
    if (bullJob.data.leftAt === undefined) {
      await bullJob.updateData({ ...bullJob.data, leftAt });
      this.options.logger.warn({ job: name, jobId }, 'a job is left to processes that have its handler');
    }
    throw new RetryLater(Math.min(LEAVE_FIRST_MS * 2 ** bullJob.attemptsMade, LEAVE_LAST_MS));
  }

  /** The job to start, if there is still something to do: not ended meanwhile, and not started by crashing processes again and again. */
  private async take(jobId: string): Promise<Job | undefined> {
    for (;;) {
      const job = await this.records.read(jobId);
      if (!job || isEnded(job)) return undefined;
      if (job.state.state === 'queued') return job;
      const recovered = recoverJob(job, this.options.now());
      if (!(await this.records.change(job, recovered))) continue;
      this.options.logger.warn(
        { job: job.request.name, jobId, crashes: recovered.crashes },
        'a job is taken over from a process that is gone',
      );
      this.listener(recordOf(recovered));
    }
  }

  /** Runs that no longer count are cut off. */
  private lookAt(jobId?: string): void {
    for (const running of this.running) if (jobId === undefined || running.jobId === jobId) running.look();
  }
}

const mayRun = () => new HubError('timeout', 'The job is noted and may run; submitted again with the same key, it is joined.');
