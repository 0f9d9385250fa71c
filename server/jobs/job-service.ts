import { LRUCache } from 'lru-cache';
import type { JobDetails, JobFailure, JobState } from '../../shared/protocol.js';
import type { Principal } from '../auth/principal.js';
import type { Cache } from '../cache/cache.js';
import type { SystemPublisher } from '../rooms/publisher.js';
import type { JobHandler, JobHandlers } from './handler.js';
import { JobAccess, type RoomAdmission, unknownJob } from './job-access.js';
import { createJobLooks } from './job-looks.js';
import type { JobQueue, JobRequest } from './job-queue.js';
import { publishJobStates, type ToldState } from './job-reports.js';
import { checkSize, type JobTimes, parseInput, requestOf, type Submission, tickRequestOf } from './job-requests.js';
import { createListPage } from './list-page.js';
import type { ResultFile, ResultStore } from './result-store.js';
import type { JobLogger } from './thread-runner.js';

export interface JobServiceOptions extends RoomAdmission, JobTimes {
  readonly queue: JobQueue;
  readonly handlers: JobHandlers;
  readonly results: ResultStore;
  readonly publisher: SystemPublisher;
  readonly logger: JobLogger;
  /** Looks at ended jobs go through it. */
  readonly cache?: Pick<Cache, 'read' | 'invalidateHere'>;
  onEnd?(state: JobState): void;
}

/** Jobs submitted here whose owners are remembered: the submitter's first step is into the job's room. */
const OWNERS_KEPT = 10_000;

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
  const { queue, handlers, results, publisher, logger, cache, onEnd } = options;
  const reports = publishJobStates({ queue, publisher, logger, ...(onEnd && { onEnd }) });
  const looks = createJobLooks(queue, cache);
  const access = new JobAccess(looks, options);
  const owners = new LRUCache<string, string>({ max: OWNERS_KEPT });

  async function submit(request: JobRequest): Promise<JobState> {
    const { state, owner } = await queue.submit(request);
    owners.set(state.jobId, owner);
    await looks.changed(state.jobId);
    return state;
  }

  return {
    async submit(principal, { name, input, ...joins }) {
      const handler = handlers.get(name);
      checkSize(input);
      const parsed = parseInput(handler, input);
      await access.admit(principal, handler, parsed);
      return submit(requestOf(principal, handler, { ...joins, input: parsed }, options));
    },
    submitTick: async (handler, tick) => submit(tickRequestOf(handler, tick, options)),
    get: async (principal, jobId) => (await access.seen(principal, jobId)).state,
    async cancel(principal, jobId) {
      await access.own(principal, jobId);
      return (await queue.cancel(jobId)).state;
    },
    async inspect(principal, jobId) {
      await access.own(principal, jobId);
      const details = await queue.inspect(jobId);
      return principal.admin ? details : { ...details, failures: details.failures.map(withoutCause) };
    },
    async retry(principal, jobId) {
      await access.own(principal, jobId);
      const { job, input } = await queue.inspect(jobId);
      // Who may not read the room any more may not have it read again.
      if (!principal.admin) await access.admit(principal, handlers.get(job.name), input);
      const { state } = await queue.retry(jobId);
      await looks.changed(jobId);
      return state;
    },
    async discard(principal, jobId) {
      await access.own(principal, jobId);
      const { state } = await queue.discard(jobId);
      await looks.changed(jobId);
      reports.tell(state);
    },
    async list(principal, { state, limit }) {
      const records = await queue.list({ limit, ...(state && { state }), ...(!principal.admin && { owner: principal.user.id }) });
      const onPage = createListPage();
      return records.map(({ state }) => onPage(state));
    },
    async openResult(principal, jobId) {
      await access.seen(principal, jobId);
      return results.open(jobId);
    },
    async mayFollow(principal, jobId) {
      if (owners.get(jobId) === principal.user.id) return true;
      return (await access.followed(principal, jobId)) !== undefined;
    },
    async endOf(jobId) {
      const known = await looks.find(jobId);
      if (!known) throw unknownJob(jobId);
      return known.state.endedAt === undefined ? undefined : known.state;
    },
    story: (jobId) => reports.story(jobId),
    settled: (withinMs) => reports.settled(withinMs),
  };
}

function withoutCause({ cause: _, ...failure }: JobFailure): JobFailure {
  return failure;
}
