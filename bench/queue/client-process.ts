import { setTimeout as delay } from 'node:timers/promises';
import { ask, type HubSocket, openHubSocket } from '../load/hub-socket.js';
import { answerCalls } from '../process.js';
import { percentile } from '../stats.js';
import type { ClientCalls, JobFigures } from './calls.js';

const ENDED = ['done', 'failed', 'cancelled'];

/** Keeps so many jobs under way on one connection, and times each from its submission to the event of its end. */
class EmptyJobs {
  #latenciesMs: number[] = [];
  readonly #ends = new Map<string, string | ((state: string) => void)>();
  #stopping = false;

  constructor(
    private readonly socket: HubSocket,
    private readonly name: string,
  ) {
    socket.on('job', ({ jobId, state }) => {
      if (!ENDED.includes(state)) return;
      const waiting = this.#ends.get(jobId);
      // The end may come before the acknowledgement.
      if (typeof waiting === 'function') waiting(state);
      else this.#ends.set(jobId, state);
    });
  }

  async keep(inFlight: number): Promise<void> {
    await Promise.all(Array.from({ length: inFlight }, () => this.#oneAfterTheOther()));
  }

  stop(): void {
    this.#stopping = true;
  }

  take(): number[] {
    const taken = this.#latenciesMs;
    this.#latenciesMs = [];
    return taken;
  }

  async #oneAfterTheOther(): Promise<void> {
    while (!this.#stopping) {
      const beganAt = performance.now();
      const { jobId } = await ask(this.socket, 'job:submit', { name: this.name, input: {} });
      const state = await this.#endOf(jobId);
      if (state !== 'done') throw new Error(`an empty job ended ${state}`);
      this.#latenciesMs.push(performance.now() - beganAt);
    }
  }

  async #endOf(jobId: string): Promise<string> {
    const known = this.#ends.get(jobId);
    const state = typeof known === 'string' ? known : await new Promise<string>((resolve) => this.#ends.set(jobId, resolve));
    this.#ends.delete(jobId);
    return state;
  }
}

answerCalls<ClientCalls>({
  async load({ url, name, inFlight, warmUpSeconds, seconds }): Promise<JobFigures> {
    const jobs = new EmptyJobs(await openHubSocket(url), name);
    const kept = jobs.keep(inFlight);
    kept.catch(() => undefined);
    await delay(warmUpSeconds * 1_000);
    jobs.take();
    const busyBefore = performance.eventLoopUtilization();
    await delay(seconds * 1_000);
    const latenciesMs = jobs.take();
    const { utilization } = performance.eventLoopUtilization(busyBefore);
    jobs.stop();
    await kept;
    return {
      jobs: latenciesMs.length,
      latencyP50Ms: percentile(latenciesMs, 50),
      latencyP99Ms: percentile(latenciesMs, 99),
      clientBusyPercent: utilization * 100,
    };
  },
});
