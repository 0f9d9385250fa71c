import type { JobDetails, JobState } from '../../../shared/protocol.js';
import { pace } from '../../load/pace.js';
import { percentile } from '../../stats.js';
import { getJson } from '../load/get-json.js';
import { openLastingSocket } from '../load/lasting-socket.js';
import type { Reader } from '../load/reader.js';
import { readLog } from '../load/room-log.js';
import { readWithStockClient } from '../load/stock-reader.js';
import { until } from '../load/until.js';
import { waitUntilAllOver } from './all-over.js';
import type { JobsLoadSettings, JobsVerdict } from './calls.js';
import { checkJobs } from './check.js';
import { fewAtOnce } from './few-at-once.js';
import type { Effect, JobHistory } from './history.js';
import { JobsInRedis } from './jobs-in-redis.js';
import { planJob } from './plan.js';
import { OPEN_AT_MOST, Submitter } from './submitter.js';

const OPENING_MS = 20_000;
/** Looks at job rooms that are under way, in the end. */
const LOOKS_AT_ONCE = 64;
const FAILED_LISTED = 200;

/** All submitters of a run, and the readers of the rooms that their jobs publish into. */
export class JobsLoad {
  readonly #submitters: Submitter[];
  readonly #readers: Reader[] = [];
  readonly #closers: (() => unknown)[] = [];
  readonly #inRedis: JobsInRedis;
  #stopPace = () => {};
  #number = 0;
  #heldBack = 0;
  #startedMs = 0;

  constructor(private readonly options: JobsLoadSettings & { url: string; redisUrl: string }) {
    const { url, redisUrl, submitters, rooms } = options;
    this.#inRedis = new JobsInRedis(redisUrl);
    this.#closers.push(() => this.#inRedis.close());
    this.#submitters = Array.from({ length: submitters }, (_, index) => new Submitter(url, this.#guestKey(index)));
    for (let room = 0; room < rooms; room++) {
      const socket = openLastingSocket(url);
      this.#readers.push(readWithStockClient(socket, `reader-${room}`, this.#room(room)));
      this.#closers.push(() => socket.disconnect());
    }
  }

  /** Resolves when all are connected and subscribed. @throws Error when some cannot */
  async ready(): Promise<void> {
    const isReady = () => this.#submitters.every((one) => one.connected()) && this.#readers.every(({ events }) => events.length > 0);
    if (!(await until(Date.now() + OPENING_MS, isReady))) throw new Error('not all submitters and readers could connect');
  }

  start(): void {
    this.#startedMs = performance.now();
    this.#stopPace = pace(this.options.perSecond, () => this.#submitNext());
  }

  async finish(): Promise<JobsVerdict> {
    this.#stopPace();
    const seconds = (performance.now() - this.#startedMs) / 1_000;
    await waitUntilAllOver({ open: () => this.#open(), inRedis: () => this.#inRedis.count() });
    for (const one of this.#submitters) one.stop();
    await this.#lookBack();
    await this.#readDeadLetters();
    const jobs = this.#submitters.flatMap((one) => one.jobs);
    const seen = await this.#seen(jobs);
    const log = (await Promise.all(this.#readers.map((reader) => this.#logOf(reader)))).flat();
    const tookMs = jobs.flatMap(({ submittedMs, endedMs }) => (endedMs === undefined ? [] : [endedMs - submittedMs]));
    return {
      check: checkJobs({ jobs, seen, log }),
      ...{ heldBack: this.#heldBack, seconds },
      reconnects: this.#submitters.reduce((sum, { lost }) => sum + lost, 0),
      ...{ endP50Ms: percentile(tookMs, 50), endP99Ms: percentile(tookMs, 99), endMaxMs: percentile(tookMs, 100) },
    };
  }

  close(): void {
    this.#stopPace();
    for (const one of this.#submitters) one.close();
    for (const close of this.#closers.splice(0)) close();
  }

  #submitNext(): void {
    const plan = planJob(this.#number++);
    const submitter = this.#submitters[plan.number % this.#submitters.length]!;
    if (submitter.waiting() < OPEN_AT_MOST) submitter.submit(plan, this.#room(plan.number % this.options.rooms));
    else this.#heldBack++;
  }

  /** Submissions without an answer, and jobs whose end was not heard. */
  #open(): number {
    return this.#submitters.reduce((sum, one) => sum + one.waiting() + one.unended.size, 0);
  }

  /** What the readers saw, once those that are behind had time to catch up. */
  async #seen(jobs: readonly JobHistory[]): Promise<Effect[]> {
    const awaited = jobs.filter(({ ends }) => ends[0]?.state === 'done').flatMap(({ plan }) => plan.values);
    const has = (value: number) => this.#readers.some((reader) => reader.values.has(value));
    await until(Date.now() + OPENING_MS, () => awaited.every(has));
    return this.#readers.flatMap(({ room, events }) =>
      events.flatMap((event) => (event.what === 'read' ? [{ room, value: event.value }] : [])),
    );
  }

  async #logOf({ room, events }: Reader): Promise<Effect[]> {
    const last = events.at(-1)?.place;
    return last ? readLog(this.options.url, room, last.stream) : [];
  }

  async #lookBack(): Promise<void> {
    const looks = this.#submitters.flatMap((one) => one.jobs.filter(({ ids }) => ids.size > 0).map((job) => () => one.lookBack(job)));
    await fewAtOnce(LOOKS_AT_ONCE, looks, (look) => look());
  }

  /** Each user's failed jobs, with what became of them. */
  async #readDeadLetters(): Promise<void> {
    for (const [index, { jobs }] of this.#submitters.entries()) {
      const byId = new Map(jobs.flatMap((job) => [...job.ids].map((id) => [id, job] as const)));
      const ask = <Answer>(path: string) =>
        getJson<Answer>(`${this.options.url}/api/jobs${path}`, { 'X-Guest-Key': this.#guestKey(index) });
      const { jobs: failed } = await ask<{ jobs: JobState[] }>(`?state=failed&limit=${FAILED_LISTED}`);
      for (const { jobId } of failed) {
        const { crashes } = await ask<JobDetails>(`/${jobId}/details`);
        const job = byId.get(jobId);
        if (job) job.crashes = crashes;
      }
    }
  }

  #room(room: number): string {
    return `chat:effects-${this.options.seed}-${room}`;
  }

  #guestKey(index: number): string {
    return `submitter${this.options.seed}x${index}x`.padEnd(24, '0');
  }
}
