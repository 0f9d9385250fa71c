import { setTimeout as delay } from 'node:timers/promises';
import { createHub, type Hub } from '../../server/roomcast.js';
import { pace } from '../load/pace.js';
import { answerCalls } from '../process.js';
import type { InstanceCalls, ReadFigures, ReadRequest } from './calls.js';

let hub: Hub | undefined;

/** Reads one key, and notes what came of it. */
class Reader {
  readonly #latenciesMs: number[] = [];
  readonly #answers: Promise<void>[] = [];
  readonly #busyBefore = performance.eventLoopUtilization();
  #computed = 0;
  #errors = 0;

  constructor(private readonly request: ReadRequest) {}

  ask(): void {
    this.#answers.push(this.#read());
  }

  async end(): Promise<ReadFigures> {
    await Promise.all(this.#answers);
    const { utilization } = performance.eventLoopUtilization(this.#busyBefore);
    return { latenciesMs: this.#latenciesMs, computed: this.#computed, errors: this.#errors, busyPercent: utilization * 100 };
  }

  async #read(): Promise<void> {
    const { key, ttlMs, staleMs } = this.request;
    const beganAt = performance.now();
    try {
      if (ttlMs === 0) await this.#compute();
      else await hub!.cache.read(key, { ttlMs, staleMs, compute: () => this.#compute() });
    } catch {
      this.#errors++;
    }
    this.#latenciesMs.push(performance.now() - beganAt);
  }

  /** As slow as a read of a store that is far away. */
  async #compute(): Promise<number> {
    this.#computed++;
    await delay(this.request.computeMs);
    return this.#computed;
  }
}

answerCalls<InstanceCalls>({
  async open({ redisUrl, dataDir }) {
    hub = await createHub({ port: 0, redisUrl, dataDir, limits: false, logLevel: 'silent' });
    return { pid: process.pid };
  },
  async burst({ askers, ...request }) {
    const reader = new Reader(request);
    for (let asker = 0; asker < askers; asker++) reader.ask();
    return reader.end();
  },
  async stream({ perSecond, seconds, ...request }) {
    const reader = new Reader(request);
    const stop = pace(perSecond, () => reader.ask());
    await delay(seconds * 1_000);
    stop();
    return reader.end();
  },
});
