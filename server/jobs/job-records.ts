import { HubError } from '../../shared/errors.js';
import { readDepth } from './job-depth.js';
import { JobEnds, type KeptEnds, largeArgs, largeBytes } from './job-ends.js';
import { JobKeys } from './job-keys.js';
import { JobLists } from './job-lists.js';
import { holderOf, isEnded, type Job, keptMs, waitsSince } from './job-machine.js';
import type { JobLane, JobQueue, JobRecord, JobRequest, QueueDepth } from './job-queue.js';
import { JobReads } from './job-reads.js';
import { encodeJob, type JobScript, loadJobScript, runJobScript } from './job-scripts.js';
import { JobStarts, type NewStart } from './job-starts.js';
import type { JobsLink } from './jobs-link.js';
import { placeInLine } from './line-place.js';

export interface RecordLimits extends KeptEnds {
  readonly queuedMax: number;
  readonly retryAfterMs: number;
}

/** A job in Redis, its turn, of which the lower goes first, and its place among those that wait. One that is held waits for another job of its handler to end. */
export type Created = { joined: string } | { created: Job; turn: number; place: number; held: boolean };
/** A job in Redis as it was started at once, which it is not where there is a line, or where it has to wait for others of its handler. */
export type Started = { joined: string } | { started: Job } | { line: true } | { full: true };

/** As many jobs of the handler run as it allows: this one stays queued. */
export class HandlerFull extends Error {
  override readonly name = 'HandlerFull';
}

/**
 * The jobs of all instances: the truth about each job's state, which BullMQ only moves about. A state is replaced only by one that
 * was made from it (`revision`), so whoever acts on what it knew before, as a worker whose lock lapsed does, changes nothing.
 */
export class JobRecords {
  private readonly keys: JobKeys;
  private readonly starts: JobStarts;
  private readonly ends: JobEnds;
  private readonly reads: JobReads;
  private readonly lists: JobLists;

  constructor(
    private readonly link: JobsLink,
    prefix: string,
    private readonly limits: RecordLimits,
    /** Hears of each job that was held back and belongs into the line now. */
    private readonly onAdmitted: (jobId: string) => void,
  ) {
    this.keys = new JobKeys(prefix);
    this.starts = new JobStarts(link, this.keys);
    this.ends = new JobEnds(link, this.keys, limits, onAdmitted);
    this.reads = new JobReads(link, this.keys);
    this.lists = new JobLists(link, this.keys, this.reads);
  }

  /** @throws HubError `busy`, `unavailable`, `storage_full`, `timeout`: it may have been taken */
  async create(job: Job): Promise<Created> {
    const { keys } = this;
    const { request, state } = job;
    const keyNames = [
      ...this.admissionKeys(job),
      keys.of('all'),
      keys.of('owner', request.owner),
      ...this.turnKeys(request),
      keys.of('names'),
      keys.unfinished(request),
      keys.activeOfName(request.name),
      keys.held(request.name),
      ...keys.bullLine(request.lane),
    ];
    const places = [String(this.limits.queuedMax), keys.job('')];
    const own = [state.jobId, JSON.stringify(request), encodeJob(job), holderOf(request), String(state.createdAt)];
    const bounds = [request.once ? '1' : '0', String(request.perUserLimit ?? ''), ...holdArgs(request), request.owner];
    const args = [...own, ...places, String(state.revision), flag(request), request.name, ...bounds];
    const [answer, value, place] = this.admitted(await this.script(CREATE, keyNames, args));
    if (answer === 'joined') return { joined: String(value) };
    return { created: job, turn: Number(value), place: Number(place), held: answer === 'held' };
  }

  /**
   * Takes a submission that has a place to run, or not where others wait.
   * @throws HubError `busy`, `unavailable`, `storage_full`, `timeout`: it may have been taken
   */
  async start(start: NewStart): Promise<Started> {
    const [answer, value] = this.admitted(await this.starts.start(start));
    if (answer === 'line') return { line: true };
    if (answer === 'full') return { full: true };
    return answer === 'joined' ? { joined: String(value) } : { started: start.job };
  }

  /**
   * Puts a failed job in line again and gives its turn; undefined: it is in another state by now.
   * @throws HubError `busy`, `unavailable`, `timeout`: it may have been changed
   */
  async retry(failed: Job, job: Job): Promise<number | undefined> {
    const { request, state } = job;
    const keys = [...this.admissionKeys(job), this.keys.of('failed'), ...this.turnKeys(request)];
    keys.push(this.keys.unfinished(request), this.keys.failedOfHolder(request));
    const revisions = [String(failed.state.revision), String(state.revision)];
    const args = [state.jobId, holderOf(request), ...revisions, encodeJob(job), String(waitsSince(job))];
    args.push(String(this.limits.queuedMax), flag(request), request.perUserLimit === undefined ? '0' : '1');
    const [answer, turn] = this.admitted(await this.script(RETRY, keys, args));
    return answer === 'queued' ? Number(turn) : undefined;
  }

  /** Leaves of a failed job what its followers are told. False: it is in another state by now, or gone. */
  async discard(failed: Job, discarded: Job): Promise<boolean> {
    const { request, state } = failed;
    const owned = this.keys.of('owner', request.owner);
    const keys = [
      this.keys.job(state.jobId),
      this.keys.key(request),
      this.keys.of('failed'),
      this.keys.of('all'),
      owned,
      this.keys.failedOfHolder(request),
      this.keys.of('untold'),
    ];
    const left = [JSON.stringify(discarded.request), encodeJob(discarded), String(discarded.state.revision)];
    const times = [String(discarded.state.endedAt ?? 0), String(Math.max(1, keptMs(discarded)))];
    return (await this.script(DISCARD, keys, [state.jobId, String(state.revision), flag(request), ...left, ...times])) === 1;
  }

  /**
   * False: the job is not in the state `from` any more, or, with `unjoined`, another submission has joined it while it waited.
   * @throws HubError `unavailable`, `timeout`: it may have been changed
   * @throws HandlerFull it cannot start now, and is held back
   */
  async change(from: Job, to: Job, { unjoined = false } = {}): Promise<boolean> {
    if (from.state.state === 'active' && isEnded(to)) return this.ends.end(from, to);
    const { request, state } = to;
    const { lane } = request;
    const [active, activeOfName] = this.activeKeys(request);
    const keys = [
      this.keys.job(state.jobId),
      this.keys.key(request),
      this.keys.of('queued', lane),
      active,
      this.keys.of('waiting'),
      this.keys.of('turn', ...lineOf(request)),
      this.keys.of('failed'),
      this.keys.queuedOfName(request.name),
      activeOfName,
      this.keys.unfinished(request),
      this.keys.of('untold'),
      this.keys.of('leases'),
      this.keys.failedOfHolder(request),
      this.keys.held(request.name),
      ...this.keys.large(),
    ];
    const job = encodeJob(to);
    const revisions = [String(from.state.revision), String(state.revision)];
    const times = [String(waitsSince(to)), String(state.startedAt ?? 0), isEnded(to) ? String(Math.max(1, keptMs(to))) : ''];
    const { failedMax, failedPerOwnerMax } = this.limits;
    const dead = [String(state.endedAt ?? 0), String(failedMax), this.keys.job(''), String(failedPerOwnerMax)];
    const args = [state.jobId, holderOf(request), ...revisions, state.state, job, ...times, flag(request), ...dead];
    args.push(...holdArgs(request), unjoined ? '1' : '0', ...largeArgs(this.keys, this.limits), largeBytes(to, job));
    const [answer, admitted] = (await this.script(CHANGE, keys, args)) as [string, string?];
    if (answer === 'full') throw new HandlerFull();
    if (admitted) this.onAdmitted(admitted);
    return answer === 'written';
  }

  /** Holds a queued job back until another one of its handler ends. False: it belongs into the line, as there is a place. */
  async hold({ request, state }: Job): Promise<boolean> {
    const keys = [this.keys.job(state.jobId), this.keys.activeOfName(request.name), this.keys.held(request.name)];
    return (await this.script(HOLD, keys, [state.jobId, ...holdArgs(request)])) === 1;
  }

  /**
   * Renews the leases of jobs that were started without BullMQ.
   * @returns those of them that have none any more, and at most `limit` jobs of all whose lease is over
   */
  async lease(jobIds: readonly string[], leaseMs: number, limit: number): Promise<{ gone: string[]; over: string[] }> {
    const args = [String(leaseMs), String(limit), ...jobIds];
    const [gone, over] = (await this.script(LEASES, [this.keys.of('leases')], args)) as [string[], string[]];
    return { gone, over };
  }

  async hasLease(jobId: string): Promise<boolean> {
    return (await this.link.run((client) => client.zScore(this.keys.of('leases'), jobId))) !== null;
  }

  async dropLease(jobId: string): Promise<void> {
    await this.link.run((client) => client.zRem(this.keys.of('leases'), jobId));
  }

  async read(jobId: string): Promise<Job | undefined> {
    return (await this.reads.jobs([jobId]))[0];
  }

  /** Those that there are, in the order of their ids. */
  readMany(jobIds: readonly string[]): Promise<Job[]> {
    return this.reads.jobs(jobIds);
  }

  /** Newest first, without what the jobs were given. */
  list(query: Parameters<JobQueue['list']>[0]): Promise<JobRecord[]> {
    return this.lists.list(query);
  }

  depth(now: number): Promise<QueueDepth> {
    return this.link.run((client) => readDepth(client, (...parts) => this.keys.of(...parts), now));
  }

  /** The oldest jobs of a lane that are in a state since before `before`, in milliseconds since 1970. */
  oldest(status: 'queued' | 'active', lane: JobLane, before: number, limit: number): Promise<string[]> {
    return this.link.run((client) =>
      client.zRange(this.keys.of(status, lane), 0, before, { BY: 'SCORE', LIMIT: { offset: 0, count: limit } }),
    );
  }

  /** Jobs whose end was not told, noted before `before`: they count as noted `now`, so that another process leaves them alone meanwhile. */
  untold(before: number, now: number, limit: number): Promise<string[]> {
    const key = this.keys.of('untold');
    return this.link.run(async (client) => {
      const ids = await client.zRange(key, 0, before, { BY: 'SCORE', LIMIT: { offset: 0, count: limit } });
      const noted = ids.map((value) => ({ value, score: now }));
      if (ids.length > 0) await client.zAdd(key, noted, { condition: 'XX' });
      return ids;
    });
  }

  async told(jobIds: string[]): Promise<void> {
    await this.link.run((client) => client.zRem(this.keys.of('untold'), jobIds));
  }

  /** A job's place in line. */
  async turnOf(jobId: string): Promise<number> {
    return Number((await this.link.run((client) => client.hGet(this.keys.job(jobId), 'turn'))) ?? 1);
  }

  /** The index of active or queued jobs may name one that is gone: a crash of Redis lost it. */
  async dropFromIndex(jobId: string, lane: JobLane): Promise<void> {
    await this.link.run(async (client) => {
      // With the job its handler's name is gone.
      const names = await client.sMembers(this.keys.of('names'));
      const indexes = [lane, ...names.map((name) => `of:${name}`)].flatMap((of) => [
        this.keys.of('queued', of),
        this.keys.of('active', of),
      ]);
      await Promise.all(indexes.map((index) => client.zRem(index, jobId)));
    });
  }

  /** @throws HubError `busy` where a script had no place in line */
  private admitted(answer: unknown): [string, string | number, number?] {
    const [what, ...values] = answer as [string, string | number, number?];
    const { retryAfterMs } = this.limits;
    if (what === 'owner busy') throw new HubError('busy', 'you have as many jobs waiting as one user may have', retryAfterMs);
    if (what === 'handler busy') throw new HubError('busy', 'you have as many of these jobs as one user may have', retryAfterMs);
    if (what === 'busy') throw new HubError('busy', 'the job queue is full', retryAfterMs);
    return [what, ...values];
  }

  private script(script: JobScript, keys: string[], args: string[]): Promise<unknown> {
    return runJobScript(this.link, script, keys, args);
  }

  /** What says whether a job may wait. */
  private admissionKeys({ request, state }: Job): string[] {
    const { lane } = request;
    const queued = [this.keys.of('queued', lane), this.keys.of('queued', otherThan(lane))];
    return [this.keys.job(state.jobId), this.keys.key(request), ...queued, this.keys.of('waiting')];
  }

  /** What its turn comes from, and the count of its name. */
  private turnKeys(request: JobRequest): string[] {
    const line = lineOf(request);
    return [this.keys.of('turn', ...line), this.keys.of('turns', ...line), this.keys.queuedOfName(request.name)];
  }

  private activeKeys({ lane, name }: JobRequest): [ofLane: string, ofName: string] {
    return [this.keys.activeOfLane(lane), this.keys.activeOfName(name)];
  }
}

const CREATE = loadJobScript('job-line', 'run-of-key', 'held-jobs', 'create-job');
const RETRY = loadJobScript('job-line', 'retry-job');
const DISCARD = loadJobScript('discard-job');
const CHANGE = loadJobScript('byte-use', 'failed-jobs', 'large-jobs', 'held-jobs', 'change-job');
const HOLD = loadJobScript('held-jobs', 'hold-job');
const LEASES = loadJobScript('lease-time', 'leases');

const otherThan = (lane: JobLane): JobLane => (lane === 'threads' ? 'loop' : 'threads');
/** Jobs of one line take turns: those of a lane and priority. */
const lineOf = ({ lane, priority = 'normal' }: JobRequest) => [lane, priority];
const holdArgs = (request: JobRequest) => [String(request.concurrency ?? ''), String(placeInLine(request, 0))];
const flag = (request: JobRequest) => (request.key === undefined ? '0' : '1');
