import { EventEmitter, once } from 'node:events';
import type { JobState } from '../../shared/protocol.js';
import { ask, type HubSocket } from '../load/hub-socket.js';
import type { LoadRequest } from './calls.js';

type Job = NonNullable<LoadRequest['job']>;

/** Runs one job after the other: the next is submitted when the one before has ended. */
export class JobLoop {
  done = 0;
  readonly #latest = new Map<string, JobState>();
  readonly #changes = new EventEmitter();
  #running: string | undefined;
  #stopping = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly socket: HubSocket,
    private readonly job: Job,
  ) {
    socket.on('job', (state) => {
      this.#latest.set(state.jobId, state);
      this.#changes.emit('change');
    });
  }

  /** Resolves when the first one runs. @throws Error when it is refused or fails */
  async start(): Promise<void> {
    const jobId = await this.#submit();
    this.#loop = this.#repeat(jobId);
    // Told by `stop`, where nobody waits yet.
    this.#loop.catch(() => undefined);
    await this.#until(jobId, ({ state }) => state !== 'queued');
  }

  /** Cancels the one that runs. @throws Error when one failed, or counted wrong */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#running !== undefined) await ask(this.socket, 'job:cancel', { jobId: this.#running });
    await this.#loop;
  }

  async #repeat(jobId: string): Promise<void> {
    for (let current = jobId; ; current = await this.#submit()) {
      const ended = await this.#until(current, ({ state }) => state === 'done' || state === 'failed' || state === 'cancelled');
      this.#running = undefined;
      this.#latest.delete(current);
      if (ended.state === 'done') this.#check(ended);
      else if (!this.#stopping) throw new Error(`a job ended ${ended.state}: ${ended.error?.message}`);
      if (this.#stopping) return;
    }
  }

  async #submit(): Promise<string> {
    const { name, below } = this.job;
    const { jobId } = await ask(this.socket, 'job:submit', { name, input: { below } });
    this.#running = jobId;
    return jobId;
  }

  #check({ result }: JobState): void {
    const { primes } = result as { primes: number };
    if (primes !== this.job.primes) throw new Error(`a job counted ${primes} primes where there are ${this.job.primes}`);
    this.done++;
  }

  async #until(jobId: string, isSo: (state: JobState) => boolean): Promise<JobState> {
    for (;;) {
      const state = this.#latest.get(jobId);
      if (state && isSo(state)) return state;
      await once(this.#changes, 'change');
    }
  }
}
