import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RedisClientType } from 'redis';
import { HubError } from '../../shared/errors.js';
import { asRead } from '../adapter/command-errors.js';
import type { RedisTarget } from '../adapter/topology.js';
import { readDepth } from './job-depth.js';
import { isEnded, type Job, keptMs, keyOf, waitsSince } from './job-machine.js';
import type { JobLane, JobRequest, QueueDepth } from './job-queue.js';

type None = Record<never, never>;
/** A node-redis client without modules, functions or scripts of its own, as the link has it. */
export type RedisClient = RedisClientType<None, None, None, 3, None>;

/** What jobs need of the link to Redis. */
export interface JobsLink {
  run<Result>(work: (client: RedisClient) => Promise<Result>): Promise<Result>;
  publish(channel: string, payload: string): Promise<number>;
  keepSubscribed(channel: string, listener: { message(payload: Buffer): void; doubt?(): void }): () => void;
  /** Where the master of a key is now. */
  locate(key: string): Promise<RedisTarget>;
}

export interface RecordLimits {
  readonly queuedMax: number;
  readonly queuedPerOwnerMax: number;
  readonly retryAfterMs: number;
}

/** A job in Redis, and its place in line: the lower turn goes first; or as it was started at once, which it is not where there is a line. */
export type Created = { joined: string } | { created: Job; turn: number } | { started: Job } | { line: true };

/** How a job is started where it is submitted. */
export interface StartHere {
  /** As it is then. */
  readonly job: Job;
  /** Milliseconds without a sign after which others take it over. */
  readonly leaseMs: number;
}

/**
 * The jobs of all instances: the truth about each job's state, which BullMQ only moves about. A state is replaced only by one that
 * was made from it (`revision`), so whoever acts on what it knew before, as a worker whose lock lapsed does, changes nothing.
 */
export class JobRecords {
  constructor(
    private readonly link: JobsLink,
    private readonly prefix: string,
    private readonly limits: RecordLimits,
  ) {}

  /**
   * @param start where there is a place to run it: it is started, or not taken where others wait
   * @throws HubError `busy`, `unavailable`, `storage_full`, `timeout`: it may have been taken
   */
  async create(job: Job, start?: StartHere): Promise<Created> {
    const { request, state } = job;
    const { queuedMax, queuedPerOwnerMax } = this.limits;
    const keys = [
      ...this.admissionKeys(job),
      this.key('all'),
      this.key('owner', request.owner),
      ...this.turnKeys(request),
      this.key('names'),
      this.unfinishedKey(request),
      ...this.activeKeys(request),
      this.key('leases'),
      this.key('bull', request.lane, 'prioritized'),
      this.key('bull', request.lane, 'wait'),
    ];
    const places = [String(queuedMax), String(queuedPerOwnerMax), this.jobKey('')];
    const args = [
      state.jobId,
      JSON.stringify(request),
      encode(job),
      request.owner,
      String(state.createdAt),
      ...places,
      String(state.revision),
    ];
    const bounds = [request.once ? '1' : '0', String(request.perUserLimit ?? '')];
    const started = start ? [encode(start.job), String(start.job.state.revision), String(start.leaseMs)] : ['', '', ''];
    const [answer, value] = this.admitted(await this.script(CREATE, keys, [...args, flag(request), request.name, ...bounds, ...started]));
    if (answer === 'line') return { line: true };
    if (start && answer === 'started') return { started: start.job };
    return answer === 'joined' ? { joined: String(value) } : { created: job, turn: Number(value) };
  }

  /**
   * Puts a failed job in line again and gives its turn; undefined: it is in another state by now.
   * @throws HubError `busy`, `unavailable`, `timeout`: it may have been changed
   */
  async retry(failed: Job, job: Job): Promise<number | undefined> {
    const { request, state } = job;
    const keys = [...this.admissionKeys(job), this.key('failed'), ...this.turnKeys(request), this.unfinishedKey(request)];
    const revisions = [String(failed.state.revision), String(state.revision)];
    const places = [String(this.limits.queuedMax), String(this.limits.queuedPerOwnerMax)];
    const args = [state.jobId, request.owner, ...revisions, encode(job), String(waitsSince(job)), ...places, flag(request)];
    args.push(request.perUserLimit === undefined ? '0' : '1');
    const [answer, turn] = this.admitted(await this.script(RETRY, keys, args));
    return answer === 'queued' ? Number(turn) : undefined;
  }

  /** Forgets a failed job. False: it is in another state by now, or gone. */
  async discard({ request, state }: Job): Promise<boolean> {
    const owned = this.key('owner', request.owner);
    const keys = [this.jobKey(state.jobId), this.keyKey(request), this.key('failed'), this.key('all'), owned, this.key('untold')];
    return (await this.script(DISCARD, keys, [state.jobId, String(state.revision), flag(request)])) === 1;
  }

  /** False: the job is not in the state `from` any more. @throws HubError `unavailable`, `timeout`: it may have been changed */
  async change(from: Job, to: Job): Promise<boolean> {
    const { request, state } = to;
    const { lane, owner } = request;
    const [active, activeOfName] = this.activeKeys(request);
    const keys = [
      this.jobKey(state.jobId),
      this.keyKey(request),
      this.key('queued', lane),
      active,
      this.key('waiting'),
      this.key('turn', ...lineOf(request)),
      this.key('failed'),
      this.key('queued', 'of', request.name),
      activeOfName,
      this.unfinishedKey(request),
      this.key('untold'),
      this.key('leases'),
    ];
    const revisions = [String(from.state.revision), String(state.revision)];
    const times = [String(waitsSince(to)), String(state.startedAt ?? 0), isEnded(to) ? String(Math.max(1, keptMs(to))) : ''];
    const dead = [String(state.endedAt ?? 0), String(FAILED_MAX), this.jobKey('')];
    const args = [state.jobId, owner, ...revisions, state.state, encode(to), ...times, flag(request), ...dead];
    return (await this.script(CHANGE, keys, args)) === 1;
  }

  /**
   * Renews the leases of jobs that were started without BullMQ.
   * @returns those of them that have none any more, and at most `limit` jobs of all whose lease is over
   */
  async lease(jobIds: readonly string[], leaseMs: number, limit: number): Promise<{ gone: string[]; over: string[] }> {
    const args = [String(leaseMs), String(limit), ...jobIds];
    const [gone, over] = (await this.script(LEASES, [this.key('leases')], args)) as [string[], string[]];
    return { gone, over };
  }

  async hasLease(jobId: string): Promise<boolean> {
    return (await this.link.run((client) => client.zScore(this.key('leases'), jobId))) !== null;
  }

  async dropLease(jobId: string): Promise<void> {
    await this.link.run((client) => client.zRem(this.key('leases'), jobId));
  }

  async read(jobId: string): Promise<Job | undefined> {
    return (await this.readMany([jobId]))[0];
  }

  /** Those that there are, in the order of their ids. */
  async readMany(jobIds: readonly string[]): Promise<Job[]> {
    if (jobIds.length === 0) return [];
    const asked = this.link.run((client) => Promise.all(jobIds.map((id) => client.hmGet(this.jobKey(id), ['request', 'job']))));
    const found = await asRead(asked);
    return found.flatMap(([request, job]) => (request && job ? [decode(request, job)] : []));
  }

  /** Newest first. */
  async list({ owner, state, limit }: { owner?: string; state?: 'failed'; limit: number }): Promise<Job[]> {
    // An owner's list has its newest jobs only: one that failed long ago is among those that failed.
    const key = owner === undefined || state ? this.key(state ?? 'all') : this.key('owner', owner);
    const jobs: Job[] = [];
    const page = owner !== undefined && state ? PAGE_MAX : Math.min(Math.max(limit, 1), PAGE_MAX);
    const isAsked = (job: Job) => (state ?? job.state.state) === job.state.state && (owner ?? job.request.owner) === job.request.owner;
    for (let from = 0; jobs.length < limit; ) {
      const ids = await this.link.run((client) => client.zRange(key, from, from + page - 1, { REV: true }));
      const found = await this.readMany(ids);
      jobs.push(...found.filter(isAsked));
      if (ids.length < page) break;
      // Forgotten jobs leave the list, so that the next one does not stumble over them again.
      const known = new Set(found.map(({ state }) => state.jobId));
      const gone = ids.filter((id) => !known.has(id));
      if (gone.length > 0) await this.link.run((client) => client.zRem(key, gone));
      from += known.size;
    }
    return jobs.slice(0, limit);
  }

  depth(now: number): Promise<QueueDepth> {
    return this.link.run((client) => readDepth(client, (...parts) => this.key(...parts), now));
  }

  /** The oldest jobs of a lane that are in a state since before `before`, in milliseconds since 1970. */
  oldest(status: 'queued' | 'active', lane: JobLane, before: number, limit: number): Promise<string[]> {
    return this.link.run((client) => client.zRange(this.key(status, lane), 0, before, { BY: 'SCORE', LIMIT: { offset: 0, count: limit } }));
  }

  /** Jobs whose end was not told, noted before `before`: they count as noted `now`, so that another process leaves them alone meanwhile. */
  untold(before: number, now: number, limit: number): Promise<string[]> {
    const key = this.key('untold');
    return this.link.run(async (client) => {
      const ids = await client.zRange(key, 0, before, { BY: 'SCORE', LIMIT: { offset: 0, count: limit } });
      const noted = ids.map((value) => ({ value, score: now }));
      if (ids.length > 0) await client.zAdd(key, noted, { condition: 'XX' });
      return ids;
    });
  }

  async told(jobIds: string[]): Promise<void> {
    await this.link.run((client) => client.zRem(this.key('untold'), jobIds));
  }

  /** A job's place in line. */
  async turnOf(jobId: string): Promise<number> {
    return Number((await this.link.run((client) => client.hGet(this.jobKey(jobId), 'turn'))) ?? 1);
  }

  /** The index of active or queued jobs may name one that is gone: a crash of Redis lost it. */
  async dropFromIndex(jobId: string, lane: JobLane): Promise<void> {
    await this.link.run(async (client) => {
      // With the job its handler's name is gone.
      const names = await client.sMembers(this.key('names'));
      const indexes = [lane, ...names.map((name) => `of:${name}`)].flatMap((of) => [this.key('queued', of), this.key('active', of)]);
      await Promise.all(indexes.map((index) => client.zRem(index, jobId)));
    });
  }

  /** @throws HubError `busy` where a script had no place in line */
  private admitted(answer: unknown): [string, string | number] {
    const [what, value] = answer as [string, string | number];
    const { retryAfterMs } = this.limits;
    if (what === 'owner busy') throw new HubError('busy', 'you have as many jobs waiting as one user may have', retryAfterMs);
    if (what === 'handler busy') throw new HubError('busy', 'you have as many of these jobs as one user may have', retryAfterMs);
    if (what === 'busy') throw new HubError('busy', 'the job queue is full', retryAfterMs);
    return [what, value];
  }

  private script({ source, sha }: Script, keys: string[], args: string[]): Promise<unknown> {
    return this.link.run(async (client) => {
      try {
        return await client.evalSha(sha, { keys, arguments: args });
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return client.eval(source, { keys, arguments: args });
      }
    });
  }

  private jobKey(jobId: string): string {
    return this.key('job', jobId);
  }

  private keyKey(request: JobRequest): string {
    return this.key('key', keyOf(request) ?? '');
  }

  /** What says whether a job may wait. */
  private admissionKeys({ request, state }: Job): string[] {
    const { lane } = request;
    const queued = [this.key('queued', lane), this.key('queued', otherThan(lane))];
    return [this.jobKey(state.jobId), this.keyKey(request), ...queued, this.key('waiting')];
  }

  /** What its turn comes from, and the count of its name. */
  private turnKeys(request: JobRequest): string[] {
    const line = lineOf(request);
    return [this.key('turn', ...line), this.key('turns', ...line), this.key('queued', 'of', request.name)];
  }

  private activeKeys({ lane, name }: JobRequest): [ofLane: string, ofName: string] {
    return [this.key('active', lane), this.key('active', 'of', name)];
  }

  private unfinishedKey({ name, owner }: JobRequest): string {
    return this.key('unfinished', name, owner);
  }

  /** All keys share a hash slot: a script touches several of them. */
  private key(...parts: string[]): string {
    return `${this.prefix}:{jobs}:${parts.join(':')}`;
  }
}

interface Script {
  readonly source: string;
  readonly sha: string;
}

function load(...names: string[]): Script {
  const source = names.map((name) => readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8')).join('');
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

/** Jobs that are read at once for a list. */
const PAGE_MAX = 500;
/** Failed jobs that are kept, of all owners. */
const FAILED_MAX = 5_000;

const CREATE = load('job-line', 'lease-time', 'create-job');
const RETRY = load('job-line', 'retry-job');
const DISCARD = load('discard-job');
const CHANGE = load('change-job');
const LEASES = load('lease-time', 'leases');

const otherThan = (lane: JobLane): JobLane => (lane === 'threads' ? 'loop' : 'threads');
/** Jobs of one line take turns: those of a lane and priority. */
const lineOf = ({ lane, priority = 'normal' }: JobRequest) => [lane, priority];
const flag = (request: JobRequest) => (request.key === undefined ? '0' : '1');

/** The request never changes: it is stored beside the rest, once. */
function encode({ request: _, ...job }: Job): string {
  return JSON.stringify(job);
}

function decode(request: string, job: string): Job {
  return { request: JSON.parse(request), ...JSON.parse(job) };
}
