import { setTimeout as delay } from 'node:timers/promises';
import type { Ack, HistoryAnswer, JobState, SubscribeAnswer } from '../../../shared/protocol.js';
import { openLastingSocket } from '../load/lasting-socket.js';
import { fewAtOnce } from './few-at-once.js';
import type { JobHistory } from './history.js';
import { FAULT_JOB } from './input.js';
import type { JobPlan } from './plan.js';

const ANSWER_MS = 5_000;
/** Pause before the second try, and the longest one: it doubles. Submitters that ask a hub without pause keep it from what they wait for. */
const AGAIN_MS = 300;
const AGAIN_MAX_MS = 5_000;
/** Rooms that a submitter enters at a time when it comes back. */
const FOLLOWS_AT_ONCE = 32;
const PAGE = 200;
/** Submissions without an answer that a submitter has at most: one whose hub is away does not pile them up. */
export const OPEN_AT_MOST = 200;

/** What is asked, and what its answer carries. */
interface Asks {
  'job:submit': JobState;
  'job:get': JobState;
  subscribe: SubscribeAnswer;
  history: HistoryAnswer;
}

/**
 * One user with a stock client, who hands in jobs and hears of their ends: on the connection that handed them in, and after a reconnect by
 * subscribing to the rooms of those whose end it does not know. It writes down what it hears.
 */
export class Submitter {
  readonly jobs: JobHistory[] = [];
  /** Connections lost. */
  lost = 0;
  readonly #socket;
  readonly #unended = new Set<JobHistory>();
  readonly #byId = new Map<string, JobHistory>();
  /** What was told of jobs before the acknowledgement that names them. */
  readonly #early = new Map<string, JobState[]>();
  #open = 0;
  #stopped = false;

  constructor(url: string, guestKey: string) {
    this.#socket = openLastingSocket(url, { guestKey });
    this.#socket.on('job', (state) => this.#hear(state));
    this.#socket.on('connect', () => void this.#followUnended());
    this.#socket.on('disconnect', () => this.lost++);
  }

  /** Submissions without an answer yet. */
  waiting(): number {
    return this.#open;
  }

  /** Acknowledged jobs whose end nobody told yet. */
  get unended(): ReadonlySet<JobHistory> {
    return this.#unended;
  }

  connected(): boolean {
    return this.#socket.connected;
  }

  submit(plan: JobPlan, room: string): void {
    const job: JobHistory = { plan, submittedMs: Date.now(), ids: new Set(), asked: 0, ends: [], states: 0, progress: 0 };
    this.jobs.push(job);
    for (let time = 0; time < (plan.twice ? 2 : 1); time++) void this.#handIn(job, room);
  }

  /** Reads the room of one job, and asks about it where its end was not told. */
  async lookBack(job: JobHistory): Promise<void> {
    const [jobId] = job.ids;
    const story = await this.#ask('history', { room: `job:${jobId}`, limit: PAGE });
    if (story?.ok) job.logged = story.messages.map(({ data }) => data as JobState).filter(isEnd);
    if (job.ends.length > 0) return;
    const state = await this.#ask('job:get', { jobId });
    job.left = state === undefined ? 'without an answer' : state.ok ? state.state : state.error.code;
  }

  /** Gives up what is not acknowledged. */
  stop(): void {
    this.#stopped = true;
  }

  close(): void {
    this.stop();
    this.#socket.disconnect();
  }

  async #handIn(job: JobHistory, room: string): Promise<void> {
    const { does, values, key } = job.plan;
    const request = { name: FAULT_JOB, input: { does, room, values }, ...(key !== undefined && { key }) };
    this.#open++;
    for (let tries = 1; !this.#stopped; await delay(againMs(tries++))) {
      job.asked++;
      const answer = await this.#ask('job:submit', request);
      if (answer?.ok) {
        this.#take(job, answer);
        break;
      }
      if (key === undefined) break;
    }
    this.#open--;
  }

  #take(job: JobHistory, { jobId, ...state }: JobState): void {
    job.ids.add(jobId);
    this.#byId.set(jobId, job);
    if (job.ends.length === 0) this.#unended.add(job);
    for (const early of this.#early.get(jobId) ?? []) this.#hear(early);
    this.#early.delete(jobId);
    // Joined when it had ended: the acknowledgement is what tells the end.
    if (isEnd(state)) this.#hear({ jobId, ...state });
  }

  #hear(state: JobState): void {
    const job = this.#byId.get(state.jobId);
    if (!job) {
      this.#early.set(state.jobId, [...(this.#early.get(state.jobId) ?? []), state]);
      return;
    }
    job.states++;
    if (isEnd(state)) {
      job.endedMs ??= Date.now();
      job.ends.push(state);
      this.#unended.delete(job);
    } else if (state.progress) job.progress++;
  }

  /** A connection that is new hears of no job by itself. */
  async #followUnended(): Promise<void> {
    const connection = this.#socket.id;
    const left = [...this.#unended].flatMap((job) => [...job.ids].map((jobId) => ({ job, jobId })));
    await fewAtOnce(FOLLOWS_AT_ONCE, left, ({ job, jobId }) => this.#follow(job, jobId, connection));
  }

  async #follow(job: JobHistory, jobId: string, connection: string | undefined): Promise<void> {
    for (let tries = 1; job.ends.length === 0 && this.#socket.id === connection; await delay(againMs(tries++))) {
      job.asked++;
      const answer = await this.#ask('subscribe', { room: `job:${jobId}`, last: PAGE });
      if (!answer?.ok) continue;
      for (const { data } of answer.messages) this.#hear(data as JobState);
      return;
    }
  }

  /** Undefined: no answer came. */
  async #ask<Event extends keyof Asks>(event: Event, request: object): Promise<Ack<Asks[Event]> | undefined> {
    // The overloads of all events cannot be followed through the generic.
    const asking = this.#socket.timeout(ANSWER_MS) as unknown as { emitWithAck(event: Event, request: object): Promise<Ack<Asks[Event]>> };
    return asking.emitWithAck(event, request).catch(() => undefined);
  }
}

const isEnd = ({ state }: Pick<JobState, 'state'>) => state !== 'queued' && state !== 'active';
const againMs = (tries: number) => Math.min(AGAIN_MS * 2 ** (tries - 1), AGAIN_MAX_MS);
