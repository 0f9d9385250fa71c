import { type Job as BullJob, type IRedisClient, Queue, WaitingError, Worker } from 'bullmq';
import { HubError } from '../../shared/errors.js';
import { toHubError } from '../adapter/command-errors.js';
import type { RedisTarget } from '../adapter/topology.js';
import { openBullClient } from './bullmq-client.js';
import { JobKeys } from './job-keys.js';
import type { Job } from './job-machine.js';
import type { JobLane } from './job-queue.js';
import { LastingPart } from './lasting-part.js';
import { placeInLine } from './line-place.js';
import type { JobLogger } from './thread-runner.js';
import { within } from './within.js';

export interface BullmqLinesOptions {
  readonly url: string;
  readonly prefix: string;
  /** Where the master of a key is, where it is not always at the URL. */
  locate(key: string): Promise<RedisTarget>;
  /** Milliseconds without a sign from a worker after which its jobs are given to others. */
  readonly lockMs: number;
  readonly logger: JobLogger;
  readonly now: () => number;
}

/** What BullMQ has of a job beside its id: the rest is in the records. */
export interface BullData {
  owner: string;
  /** Milliseconds since 1970 since when it is left by processes without its handler. */
  leftAt?: number;
}

/** What takes jobs from a line. */
interface Taker {
  process(job: BullJob<BullData>, token: string | undefined): Promise<void>;
  /** The lock of a job that is being processed may be another's by now. */
  onDoubt(jobId: string): void;
}

/** What the keys of BullMQ's queues begin with. */
export const bullPrefixOf = (prefix: string): string => new JobKeys(prefix).of('bull');
/** BullMQ must take the job in this time; the port allows 2 s in all. */
const ADD_MS = 1_500;
const CLOSE_MS = 2_000;
/** Source: bullmq/src/classes/errors/connection-closed-error.ts, which the package does not export. */
const CLOSED = 'Connection is closed.';
/** Ended jobs that BullMQ keeps, for those who look at its queues; the hub does not. */
const BULL_KEEPS = { count: 100 };
/** The machine decides what is tried again; BullMQ's own count must not be in its way. */
const BULL_ATTEMPTS = 1_000;
/** A job that could not even be started, because its state could not be read or written, waits this long. */
const STORE_FAULT_MS = 500;

/** BullMQ's queues and workers, one of each lane: who waits, who has taken what, and what waits for its next attempt. */
export class BullmqLines {
  private readonly bull: { connection: IRedisClient; prefix: string };
  /** BullMQ's connection and those that it made from it. */
  private readonly clients = new Set<IRedisClient>();
  private readonly queues: Record<JobLane, LastingPart<Queue>>;
  private readonly workers: LastingPart<Worker>[] = [];
  private closed = false;

  constructor(private readonly options: BullmqLinesOptions) {
    const { url, locate } = options;
    const prefix = bullPrefixOf(options.prefix);
    this.bull = { connection: openBullClient({ url, locate: () => locate(prefix) }, this.clients), prefix };
    this.queues = { threads: new LastingPart(() => this.openQueue('threads')), loop: new LastingPart(() => this.openQueue('loop')) };
  }

  /** What BullMQ has of a job. */
  find(lane: JobLane, jobId: string): Promise<BullJob | undefined> {
    return this.queues[lane].current.getJob(jobId);
  }

  /**
   * Puts a job in line. Twice is once.
   * @param turn its place among those of its lane and priority
   * @throws HubError `unavailable` and `storage_full` when BullMQ did not take it, `timeout` when it may have
   */
  async add({ request, state, notBefore = 0 }: Job, turn: number): Promise<void> {
    const delay = Math.max(0, notBefore - this.options.now());
    const options = {
      jobId: state.jobId,
      priority: placeInLine(request, turn),
      delay,
      attempts: BULL_ATTEMPTS,
      backoff: { type: 'custom' },
    };
    const keep = { removeOnComplete: BULL_KEEPS, removeOnFail: BULL_KEEPS, stackTraceLimit: 1 };
    const adding = this.queues[request.lane].current.add(request.name, { owner: request.owner }, { ...options, ...keep });
    await within(ADD_MS, adding).catch((error: unknown) => {
      throw isClosed(error) ? notTaken() : toHubError(error);
    });
  }

  /** BullMQ takes an id once: what it still has of the job goes first. @throws HubError as `add` */
  async addAgain(job: Job, turn: number): Promise<void> {
    const again = this.queues[job.request.lane].current.remove(job.state.jobId).then(() => this.add(job, turn));
    await within(ADD_MS, again);
  }

  /** Takes a job out of the line, if that is possible now: whoever takes it later finds that it has ended. */
  drop({ request, state }: Job): void {
    this.queues[request.lane].current.remove(state.jobId).catch(() => {});
  }

  /** Takes jobs of a lane from now on, so many at a time as is set on what it gives. */
  take(lane: JobLane, concurrency: number, taker: Taker): { concurrency: number } {
    let places = concurrency;
    const worker = new LastingPart(() => this.openWorker(lane, places, taker));
    this.workers.push(worker);
    return {
      get concurrency() {
        return places;
      },
      set concurrency(wanted) {
        places = wanted;
        worker.current.concurrency = wanted;
      },
    };
  }

  private openWorker(lane: JobLane, concurrency: number, taker: Taker): Worker {
    const { lockMs } = this.options;
    const worker = new Worker(lane, (job, token) => taker.process(job, token), {
      ...this.bull,
      concurrency,
      lockDuration: lockMs,
      stalledInterval: Math.ceil(lockMs / 3),
      // The records count the crashes; a job that BullMQ itself fails would stay active in them.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      runRetryDelay: 1_000,
      settings: { backoffStrategy: (_attempts, _type, error) => (error instanceof RetryLater ? error.delayMs : STORE_FAULT_MS) },
    });
    worker.on('error', this.onError);
    worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) taker.onDoubt(id);
    });
    return worker;
  }

  /** Takes no further job. */
  async pause(): Promise<void> {
    this.closed = true;
    await Promise.all(this.workers.map((worker) => worker.last().pause(true)));
  }

  async close(): Promise<void> {
    this.closed = true;
    // With Redis away neither comes to an end, until their clients stop connecting.
    const parts = [...this.workers, ...Object.values(this.queues)].map((part) => part.last());
    await within(CLOSE_MS, Promise.all(parts.map((part) => part.close()))).catch(() => {});
    for (const client of this.clients) client.disconnect();
  }

  private openQueue(lane: JobLane): Queue {
    const queue = new Queue(lane, { ...this.bull, streams: { events: { maxLen: 100 } } });
    queue.on('error', this.onError);
    return queue;
  }

  /** Connection faults are the link's to tell; BullMQ goes on by itself. */
  private readonly onError = (error: Error): void => {
    const quiet =
      this.closed || /ECONN|socket|closed|Connection|could not renew lock|Missing lock|Missing key/i.test(`${error.name} ${error.message}`);
    if (!quiet) this.options.logger.warn({ error: error.message }, 'BullMQ reports a fault');
  };
}

/** Tells BullMQ how long a failed attempt waits for the next one. */
export class RetryLater extends Error {
  constructor(readonly delayMs: number) {
    super('the attempt failed');
  }
}

/** Puts a job that was taken back in line; what is thrown tells BullMQ so. */
export async function giveBack(job: BullJob, token: string | undefined): Promise<never> {
  await job.moveToWait(token);
  throw new WaitingError();
}

/** Takes a job that was taken out of the line for good, and gives what tells BullMQ, thrown, to leave it alone. */
export async function letGo(job: BullJob, token: string | undefined): Promise<WaitingError> {
  job.opts.removeOnComplete = true;
  await job.moveToCompleted(undefined, token ?? '', false);
  return new WaitingError();
}

export const notTaken = (): HubError => new HubError('unavailable', 'The job queue cannot be reached; the job was not taken.');

/** BullMQ's own word for a connection that it knows to be closed: it sent nothing. */
const isClosed = (error: unknown) => error instanceof Error && error.message === CLOSED;
