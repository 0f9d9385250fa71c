import { createClient } from 'redis';
import { OPTIONS } from '../../../server/config/options.js';
import { JobKeys } from '../../../server/jobs/job-keys.js';
import { JOB_LANES } from '../../../server/jobs/job-queue.js';

/** Looks into Redis itself, past the hubs: they may be what is at fault. */
export class JobsInRedis {
  readonly #client;
  readonly #keys = new JobKeys(OPTIONS.redisPrefix.default);

  constructor(url: string) {
    this.#client = createClient({ url });
    this.#client.on('error', () => undefined);
  }

  /** Jobs that wait or run, and ends that are noted as not told. Waits for Redis where it is away. */
  async count(): Promise<number> {
    if (!this.#client.isOpen) await this.#client.connect();
    const indexes = [
      ...JOB_LANES.flatMap((lane) => [this.#keys.of('queued', lane), this.#keys.activeOfLane(lane)]),
      this.#keys.of('untold'),
    ];
    const counts = await Promise.all(indexes.map((index) => this.#client.zCard(index)));
    return counts.reduce((sum, one) => sum + one, 0);
  }

  close(): void {
    if (this.#client.isOpen) this.#client.destroy();
  }
}
