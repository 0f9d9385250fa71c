import { LRUCache } from 'lru-cache';
import { ERRORS, HubError, toWireError } from '../../shared/errors.js';
import { BOUNDS } from '../../shared/limits.js';
import type { JobDetails, JobFailure, JobState } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import { type Principal, SYSTEM } from '../auth/principal.js';
import type { Cache } from '../cache/cache.js';
import { placeHolderOf } from '../rooms/place-shares.js';
import type { SystemPublisher } from '../rooms/publisher.js';
import type { JobHandler, JobHandlers } from './handler.js';
import type { JobQueue, JobRecord, JobRequest } from './job-queue.js';
import { publishJobStates, type ToldState } from './job-reports.js';
import { createListPage } from './list-page.js';
import type { ResultFile, ResultStore } from './result-store.js';
import type { JobLogger } from './thread-runner.js';

export interface JobServiceOptions {
  readonly queue: JobQueue;
  readonly handlers: JobHandlers;
  readonly results: ResultStore;
  readonly publisher: SystemPublisher;
  readonly logger: JobLogger;
  /** Looks at ended jobs go through it. */
  readonly cache?: Pick<Cache, 'read' | 'invalidateHere'>;
  /** @throws HubError when the principal may not read the room that a job is about */
  admitReader(principal: Principal, room: string): Promise<unknown>;
  /** @throws HubError when the principal may not write to the room that a job reaches */
  admitWriter(principal: Principal, room: string): Promise<unknown>;
  /** Milliseconds that an attempt may take, and an ended job is kept, where its handler does not say. */
  readonly timeoutMs: number;
  readonly resultTtlMs: number;
  /** Milliseconds for which a failed job is kept. Default: as any other. */
  readonly failedTtlMs?: number;
  onEnd?(state: JobState): void;
}

/** Milliseconds for which an ended job is looked at in the cache: another instance may run it again. */
const ENDED_TTL_MS = 2_000;
/** The same for a job that does not exist: another instance may be given it. */
const UNKNOWN_TTL_MS = 1_000;
/** Jobs submitted here whose owners are remembered: the submitter's first step is into the job's room. */
const OWNERS_KEPT = 10_000;

export interface Submission {
  readonly name: string;
  readonly input?: unknown;
  /** Joins a run, before what the handler says. */
  readonly key?: string | undefined;
  /** Of this submission: where no key joins it, repetitions of it are one run. */
  readonly id?: string | undefined;
}

/**
 * What the transports call. Jobs of others do not exist for whoever is no admin, but those that reach a room do for its readers: what only the owner may
 * do is `forbidden` to them.
 */
export interface JobService {
  /** @throws HubError `unknown_job`, `invalid`, `too_large`, `forbidden`, `busy`, `unavailable` */
  submit(principal: Principal, request: Submission): Promise<JobState>;
  /** @throws HubError `unknown_job` */
  get(principal: Principal, jobId: string): Promise<JobState>;
  /** Submits the run of a tick of a handler's schedule, as the hub: of all submissions of one tick there is one run. @throws HubError as `submit` */
  submitTick(handler: JobHandler, tick: number): Promise<JobState>;
  /** @throws HubError `unknown_job` */
  cancel(principal: Principal, jobId: string): Promise<JobState>;
  /** @throws HubError `unknown_job` */
  inspect(principal: Principal, jobId: string): Promise<JobDetails>;
  /** Runs a failed job again. @throws HubError `unknown_job`, `invalid` when it did not fail, `forbidden`, `busy` */
  retry(principal: Principal, jobId: string): Promise<JobState>;
  /** Forgets a failed job. @throws HubError `unknown_job`, `invalid` when it did not fail */
  discard(principal: Principal, jobId: string): Promise<void>;
  list(principal: Principal, query: { state?: 'failed' | undefined; limit: number }): Promise<JobState[]>;
  openResult(principal: Principal, jobId: string): Promise<ResultFile | undefined>;
  /** Whether the job's room is open to the principal: as its owner, an admin, or as who reads the room that the job reaches. That of a discarded job is, for some time. */
  mayFollow(principal: Principal, jobId: string): Promise<boolean>;
  /** The state of a job that has ended, or was discarded; undefined where it has not. @throws HubError `unknown_job` */
  endOf(jobId: string): Promise<JobState | undefined>;
  /** All that a job says that was just submitted, as its room has it; undefined where that is not known here, or not soon: its room tells it. */
  story(jobId: string): Promise<readonly ToldState[] | undefined>;
  /** Resolves once the states of all jobs are in their rooms, or after `withinMs`. */
  settled(withinMs: number): Promise<void>;
}

/** Checks who may do what, and reports every change of the jobs that run or are submitted here into their rooms. */
export function createJobService(options: JobServiceOptions): JobService {
  const { queue, handlers, results, publisher, logger, onEnd } = options;
  const reports = publishJobStates({ queue, publisher, logger, ...(onEnd && { onEnd }) });

  const { cache } = options;
  /** An ended job does not change any more unless it is run again, but it is forgotten one day. Undefined: there is none. */
  const record = (jobId: string): Promise<JobRecord | undefined> => {
    const find = () => queue.get(jobId).catch(noneWhereUnknown);
    return cache ? cache.read(`job:${jobId}`, { ttlMs: lookTtlMs, tags: [`job:${jobId}`], here: true, compute: find }) : find();
  };

  const owners = new LRUCache<string, string>({ max: OWNERS_KEPT });
  const submit = async (request: JobRequest): Promise<JobState> => {
    const { state, owner } = await queue.submit(request);
    owners.set(state.jobId, owner);
    await cache?.invalidateHere(`job:${state.jobId}`);
    return state;
  };

  const isOwner = (principal: Principal, { owner }: JobRecord) => principal.admin || owner === principal.user.id;
  const isReader = async (principal: Principal, { reaches }: JobRecord) => {
    if (reaches === undefined) return false;
    try {
      await options.admitReader(principal, reaches);
      return true;
    } catch (error) {
      if (ERRORS[toWireError(error).code].retry === 'later') throw error;
      return false;
    }
  };
  /** A job whose states the principal may hear, up to that it was discarded. */
  const followed = async (principal: Principal, jobId: string): Promise<JobRecord | undefined> => {
    const known = await record(jobId);
    return known && (isOwner(principal, known) || (await isReader(principal, known))) ? known : undefined;
  };
  /** A job that the principal may look at. @throws HubError `unknown_job` */
  const seen = async (principal: Principal, jobId: string): Promise<JobRecord> => {
    const known = await followed(principal, jobId);
    if (known && !known.discarded) return known;
    throw unknownJob(jobId);
  };
  const own = async (principal: Principal, jobId: string): Promise<JobRecord> => {
    const known = await seen(principal, jobId);
    if (isOwner(principal, known)) return known;
    throw new HubError('forbidden', 'only who handed the job in may do that');
  };
  const admit = async (principal: Principal, { reach }: JobHandler, room: string | undefined) => {
    if (room === undefined) return;
    await options.admitReader(principal, room);
    if (reach === 'room') await options.admitWriter(principal, room);
  };

  return {
    async submit(principal, { name, input, key, id }) {
      const handler = handlers.get(name);
      checkSize(input);
      const parsed = parseInput(handler.input, input);
      await admit(principal, handler, handler.roomOf(parsed));
      const joined = key ?? handler.keyOf(parsed);
      const whose = { owner: principal.user.id, ...(principal.guest && { holder: placeHolderOf(principal) }) };
      const joins = joined !== undefined ? { key: joined } : id !== undefined ? ({ key: `id ${id}`, once: true } as const) : {};
      return submit({ ...requestOf(handler, parsed, options), ...whose, ...joins });
    },
    async submitTick(handler, tick) {
      const input = parseInput(handler.input, handler.repeat?.input);
      const request = { ...requestOf(handler, input, options), owner: SYSTEM.user.id, key: `tick ${tick}`, once: true } as const;
      return submit(request);
    },
    get: async (principal, jobId) => (await seen(principal, jobId)).state,
    async cancel(principal, jobId) {
      await own(principal, jobId);
      return (await queue.cancel(jobId)).state;
    },
    async inspect(principal, jobId) {
      await own(principal, jobId);
      const details = await queue.inspect(jobId);
      return principal.admin ? details : { ...details, failures: details.failures.map(withoutCause) };
    },
    async retry(principal, jobId) {
      await own(principal, jobId);
      const { job, input } = await queue.inspect(jobId);
      // Who may not read the room any more may not have it read again.
      if (!principal.admin) await admit(principal, handlers.get(job.name), handlers.get(job.name).roomOf(input));
      const { state } = await queue.retry(jobId);
      await cache?.invalidateHere(`job:${jobId}`);
      return state;
    },
    async discard(principal, jobId) {
      await own(principal, jobId);
      const { state } = await queue.discard(jobId);
      await cache?.invalidateHere(`job:${jobId}`);
      reports.tell(state);
    },
    async list(principal, { state, limit }) {
      const records = await queue.list({ limit, ...(state && { state }), ...(!principal.admin && { owner: principal.user.id }) });
      const onPage = createListPage();
      return records.map(({ state }) => onPage(state));
    },
    async openResult(principal, jobId) {
      await seen(principal, jobId);
      return results.open(jobId);
    },
    async mayFollow(principal, jobId) {
      if (owners.get(jobId) === principal.user.id) return true;
      return (await followed(principal, jobId)) !== undefined;
    },
    async endOf(jobId) {
      const known = await record(jobId);
      if (!known) throw unknownJob(jobId);
      return known.state.endedAt === undefined ? undefined : known.state;
    },
    story: (jobId) => reports.story(jobId),
    settled: (withinMs) => reports.settled(withinMs),
  };
}

function lookTtlMs(known: JobRecord | undefined): number {
  if (!known) return UNKNOWN_TTL_MS;
  return known.state.endedAt === undefined ? 0 : ENDED_TTL_MS;
}

const unknownJob = (jobId: string) => new HubError('unknown_job', `no job ${jobId}`);

function noneWhereUnknown(error: unknown): undefined {
  if (toWireError(error).code !== 'unknown_job') throw error;
}

/** A job of the handler, but for whose it is. */
function requestOf(handler: JobHandler, input: unknown, options: JobServiceOptions): Omit<JobRequest, 'owner'> {
  const room = handler.reach === 'room' ? handler.roomOf(input) : undefined;
  const { name, lane, attempts, backoffMs, priority, perUserLimit, concurrency } = handler;
  return {
    name,
    lane,
    input,
    attempts,
    backoffMs,
    timeoutMs: handler.timeoutMs ?? options.timeoutMs,
    resultTtlMs: handler.resultTtlMs ?? options.resultTtlMs,
    ...(options.failedTtlMs !== undefined && { failedTtlMs: options.failedTtlMs }),
    ...(priority !== 'normal' && { priority }),
    ...(perUserLimit !== undefined && { perUserLimit }),
    ...(concurrency !== undefined && { concurrency }),
    ...(room !== undefined && { reaches: room as RoomName }),
  };
}

function withoutCause({ cause: _, ...failure }: JobFailure): JobFailure {
  return failure;
}

/** On every transport the same: the queue keeps the input as JSON. @throws HubError `too_large` */
function checkSize(input: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(input) ?? '');
  if (bytes > BOUNDS.jobInputBytes) throw new HubError('too_large', `a job's input has at most ${BOUNDS.jobInputBytes} bytes`);
}

function parseInput(schema: JobHandler['input'], input: unknown): unknown {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new HubError('invalid', `input${issue?.path.length ? `.${issue.path.join('.')}` : ''}: ${issue?.message}`);
}
