import { HubError } from '../../shared/errors.js';
import { EndedJobs } from './ended-jobs.js';
import { forgetAt, holderOf, isEnded, type Job, keptMs, keyOf, noSuchJob, waitsSince } from './job-machine.js';
import type { JobRequest, QueueDepth } from './job-queue.js';
import { usedUp } from './line-shares.js';

export interface BookLimits {
  /** Jobs that may wait. */
  readonly queuedMax: number;
  /** Bytes of JSON that waiting jobs may have together. */
  readonly queuedMaxBytes: number;
  /** Bytes that ended jobs may have together; past it the oldest are forgotten before their time. */
  readonly endedMaxBytes: number;
  /** The same of one holder's, so that nobody's push out all the others'. */
  readonly endedPerOwnerMaxBytes: number;
  /** What a refused submitter is told to wait. */
  readonly retryAfterMs: number;
}

/** What a job costs beside its input and result. */
const JOB_BYTES = 500;

interface Place {
  readonly status: 'waiting' | 'active' | 'ended';
  readonly bytes: number;
}

/** The jobs of one process: by id, by key, counted against the limits, and forgotten in time. Every operation is O(1), but `list` and `depth`. */
export class JobBook {
  private readonly jobs = new Map<string, Job>();
  private readonly places = new Map<string, Place>();
  /** The newest job of each key. */
  private readonly keys = new Map<string, string>();
  private readonly waitingByHolder = new Map<string, number>();
  private readonly waitingBytesByHolder = new Map<string, number>();
  /** Jobs that wait and run, by holder and name. */
  private readonly unfinished = new Map<string, number>();
  private readonly ended = new EndedJobs();
  private readonly endedByHolder = new Map<string, EndedJobs>();
  private waiting = 0;
  private waitingBytes = 0;

  constructor(
    private readonly limits: BookLimits,
    private readonly now: () => number,
  ) {}

  /** One that was discarded too. @throws HubError `unknown_job` */
  get(jobId: string): Job {
    const job = this.jobs.get(jobId);
    if (!job || forgetAt(job) <= this.now()) throw noSuchJob();
    return job;
  }

  find(jobId: string | undefined): Job | undefined {
    return jobId === undefined ? undefined : this.jobs.get(jobId);
  }

  /** The job that a submission joins: queued, active, or done and still kept. */
  joined(request: JobRequest): Job | undefined {
    const key = keyOf(request);
    const job = key === undefined ? undefined : this.find(this.keys.get(key));
    if (!job || (!request.once && (job.state.state === 'failed' || job.state.state === 'cancelled'))) return undefined;
    return forgetAt(job) > this.now() ? job : undefined;
  }

  /** @throws HubError `busy` */
  admit(request: JobRequest): void {
    const { input, perUserLimit = Number.POSITIVE_INFINITY } = request;
    const { queuedMax, queuedMaxBytes, retryAfterMs } = this.limits;
    if ((this.unfinished.get(unfinishedKey(request)) ?? 0) >= perUserLimit) {
      throw new HubError('busy', 'you have as many of these jobs as one user may have', retryAfterMs);
    }
    const holder = holderOf(request);
    const own = { jobs: this.waitingByHolder.get(holder) ?? 0, bytes: this.waitingBytesByHolder.get(holder) ?? 0 };
    const full =
      usedUp({ own: own.jobs, all: this.waiting, most: queuedMax, adds: 1 }) ??
      usedUp({ own: own.bytes, all: this.waitingBytes, most: queuedMaxBytes, adds: sizeOf(input) });
    if (full === 'own') throw new HubError('busy', 'you have as many jobs waiting as one user may have', retryAfterMs);
    if (full === 'all') throw new HubError('busy', 'the job queue is full', retryAfterMs);
  }

  put(job: Job): void {
    const { jobId, state, result } = job.state;
    const key = keyOf(job.request);
    this.leave(jobId);
    this.jobs.set(jobId, job);
    const bytes = JOB_BYTES + sizeOf(job.request.input) + sizeOf(result) + sizeOf(job.failures);
    const place: Place = { status: isEnded(job) ? 'ended' : state === 'queued' ? 'waiting' : 'active', bytes };
    this.places.set(jobId, place);
    if (key !== undefined) this.keys.set(key, jobId);
    if (place.status === 'waiting') this.countWaiting(job, 1, bytes);
    if (place.status !== 'ended') raise(this.unfinished, unfinishedKey(job.request), 1);
    if (place.status === 'ended') this.keepEnded(job, bytes);
  }

  /** For a change that leaves a job's size and place as they are. */
  replace(job: Job): void {
    this.jobs.set(job.state.jobId, job);
  }

  remove(jobId: string): void {
    const job = this.jobs.get(jobId);
    const key = job && keyOf(job.request);
    this.leave(jobId);
    this.places.delete(jobId);
    this.jobs.delete(jobId);
    if (key !== undefined && this.keys.get(key) === jobId) this.keys.delete(key);
  }

  /** Newest first. */
  list({ owner, state, limit }: { owner?: string; state?: string; limit: number }): Job[] {
    const now = this.now();
    const isAsked = (job: Job) =>
      !job.discarded &&
      (owner === undefined || job.request.owner === owner) &&
      (state === undefined || job.state.state === state) &&
      forgetAt(job) > now;
    return [...this.jobs.values()].filter(isAsked).slice(-limit).reverse();
  }

  depth(): QueueDepth {
    const now = this.now();
    const byName = new Map<string, { queued: number; active: number; oldestQueuedMs: number }>();
    for (const job of this.jobs.values()) {
      const { name, state } = job.state;
      const depth = byName.get(name) ?? { queued: 0, active: 0, oldestQueuedMs: 0 };
      byName.set(name, depth);
      if (state === 'active') depth.active++;
      if (state !== 'queued') continue;
      depth.queued++;
      depth.oldestQueuedMs = Math.max(depth.oldestQueuedMs, now - waitsSince(job));
    }
    const all = [...byName.values()];
    const active = all.reduce((sum, depth) => sum + depth.active, 0);
    const oldestQueuedMs = Math.max(0, ...all.map((depth) => depth.oldestQueuedMs));
    return { queued: this.waiting, active, oldestQueuedMs, byName: Object.fromEntries(byName) };
  }

  /** Ended jobs past their time, and the oldest of those that are too many. */
  forgettable(): string[] {
    const { endedMaxBytes, endedPerOwnerMaxBytes } = this.limits;
    const ofHolders = [...this.endedByHolder.values()].flatMap((own) => this.forget(own, endedPerOwnerMaxBytes));
    return [...ofHolders, ...this.forget(this.ended, endedMaxBytes)];
  }

  private forget(ended: EndedJobs, maxBytes: number): string[] {
    const gone: string[] = [];
    for (let first = ended.first(); first; first = ended.first()) {
      if (first.forgetAt > this.now() && ended.bytes <= maxBytes) break;
      gone.push(first.jobId);
      this.remove(first.jobId);
    }
    return gone;
  }

  private keepEnded(job: Job, bytes: number): void {
    const holder = holderOf(job.request);
    const own = this.endedByHolder.get(holder) ?? new EndedJobs();
    this.endedByHolder.set(holder, own);
    const place = { endedAt: job.state.endedAt!, ttlMs: keptMs(job), bytes };
    for (const ended of [this.ended, own]) ended.add(job.state.jobId, place);
  }

  private leaveEnded(job: Job, bytes: number): void {
    const holder = holderOf(job.request);
    const own = this.endedByHolder.get(holder);
    for (const ended of [this.ended, own]) ended?.remove(job.state.jobId, { ttlMs: keptMs(job), bytes });
    if (own?.first() === undefined) this.endedByHolder.delete(holder);
  }

  /** Takes a job out of the counts and lines that it stands in. */
  private leave(jobId: string): void {
    const job = this.jobs.get(jobId);
    const place = this.places.get(jobId);
    if (!job || !place) return;
    if (place.status === 'waiting') this.countWaiting(job, -1, -place.bytes);
    if (place.status !== 'ended') raise(this.unfinished, unfinishedKey(job.request), -1);
    if (place.status === 'ended') this.leaveEnded(job, place.bytes);
  }

  private countWaiting({ request }: Job, count: 1 | -1, bytes: number): void {
    this.waiting += count;
    this.waitingBytes += bytes;
    raise(this.waitingByHolder, holderOf(request), count);
    raise(this.waitingBytesByHolder, holderOf(request), bytes);
  }
}

const unfinishedKey = (request: JobRequest) => `${request.name} ${holderOf(request)}`;

function raise(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

function sizeOf(value: unknown): number {
  return value === undefined ? 0 : JSON.stringify(value).length;
}
