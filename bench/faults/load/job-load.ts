import { setTimeout as delay } from 'node:timers/promises';
import type { Ack, JobState } from '../../../shared/protocol.js';
import type { HubSocket } from '../../load/hub-socket.js';
import type { JobTally } from './calls.js';

const EVERY_MS = 500;
const ANSWER_MS = 5_000;
const LOOK_MS = 200;

/** Hands in a small job now and then, each with a key and repeated until accepted, and looks in the end what became of them. */
export class JobLoad {
  readonly #accepted = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #jobs = 0;

  constructor(private readonly socket: HubSocket) {}

  start(): void {
    this.#timer = setInterval(() => void this.#submit(`job-${++this.#jobs}`), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Waits until each accepted job has an end. One that has none by the deadline (milliseconds since 1970) counts as failed. */
  async tally(deadline: number): Promise<JobTally> {
    const tally = { accepted: this.#accepted.size, done: 0, failed: 0, unknown: 0 };
    for (const jobId of this.#accepted) tally[await this.#endOf(jobId, deadline)]++;
    return tally;
  }

  async #submit(key: string): Promise<void> {
    const answer = await this.#ask('job:submit', { name: 'prime-count', input: { below: 50_000 }, key });
    if (answer?.ok) this.#accepted.add(answer.jobId);
  }

  async #endOf(jobId: string, deadline: number): Promise<'done' | 'failed' | 'unknown'> {
    while (Date.now() < deadline) {
      const answer = await this.#ask('job:get', { jobId });
      if (answer?.ok && answer.state === 'done') return 'done';
      if (answer?.ok && 'endedAt' in answer) return 'failed';
      if (answer?.ok === false && answer.error.code === 'unknown_job') return 'unknown';
      await delay(LOOK_MS);
    }
    return 'failed';
  }

  async #ask(event: 'job:submit' | 'job:get', request: object): Promise<Ack<JobState> | undefined> {
    // Both are answered with a state; the overloads of all events cannot be followed through the union.
    const asking = this.socket.timeout(ANSWER_MS) as unknown as { emitWithAck(event: string, request: object): Promise<Ack<JobState>> };
    return asking.emitWithAck(event, request).catch(() => undefined);
  }
}
