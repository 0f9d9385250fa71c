import { EventEmitter, once } from 'node:events';
import type { JobState } from '../../shared/protocol.js';
import { ask, type HubSocket } from '../load/hub-socket.js';
import { pace } from '../load/pace.js';
import type { LoadRequest } from './calls.js';

/** Jobs without an end past which none is handed in: where they run slower than they come, they do not pile up. */
const OPEN_AT_MOST = 5;

type Job = NonNullable<LoadRequest['job']>;

/** Hands in one job after the other at a steady rate, whatever becomes of those before, up to a number of them. */
export class PacedJobs {
  done = 0;
  readonly #latest = new Map<string, JobState>();
  readonly #changes = new EventEmitter();
  /** The id of each job, as far as its submission is answered. */
  readonly #submissions: Promise<string>[] = [];
  #stopPacing = () => {};

  constructor(
    private readonly socket: HubSocket,
    private readonly job: Job,
  ) {
    // Each job that is waited for listens.
    this.#changes.setMaxListeners(0);
    socket.on('job', (state) => {
      this.#latest.set(state.jobId, state);
      this.#changes.emit('change');
    });
  }

  /** Resolves when the first one has ended. @throws Error when it is refused or fails */
  async start(): Promise<void> {
    this.#stopPacing = pace(this.job.perSecond, () => this.#submit());
    // The pace begins with the next turn.
    while (this.#submissions.length === 0) await new Promise(setImmediate);
    const first = await this.#endOf(await this.#submissions[0]!);
    this.#check(first);
  }

  /** Cancels those that wait and run. @throws Error when one was refused, failed, or counted wrong */
  async stop(): Promise<void> {
    this.#stopPacing();
    const ids = await Promise.all(this.#submissions);
    const open = ids.filter((jobId) => !isEnd(this.#latest.get(jobId)));
    await Promise.all(open.map((jobId) => ask(this.socket, 'job:cancel', { jobId })));
    const ends = await Promise.all(ids.map((jobId) => this.#endOf(jobId)));
    for (const end of ends) this.#check(end);
    this.done = ends.filter(({ state }) => state === 'done').length;
  }

  #submit(): void {
    const ended = [...this.#latest.values()].filter(isEnd).length;
    if (this.#submissions.length - ended >= OPEN_AT_MOST) return;
    const { name, below } = this.job;
    const submission = ask(this.socket, 'job:submit', { name, input: { below } }).then(({ jobId }) => jobId);
    // A refusal is told by `stop`, which waits for all of them.
    submission.catch(() => undefined);
    this.#submissions.push(submission);
  }

  #check({ state, result, error }: JobState): void {
    if (state === 'failed') throw new Error(`a job failed: ${error?.message}`);
    if (state !== 'done') return;
    const { primes } = result as { primes: number };
    if (primes !== this.job.primes) throw new Error(`a job counted ${primes} primes where there are ${this.job.primes}`);
  }

  async #endOf(jobId: string): Promise<JobState> {
    for (;;) {
      const state = this.#latest.get(jobId);
      if (isEnd(state)) return state;
      await once(this.#changes, 'change');
    }
  }
}

function isEnd(state: JobState | undefined): state is JobState {
  return state !== undefined && state.state !== 'queued' && state.state !== 'active';
}
