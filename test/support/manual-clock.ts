import type { Clock } from '../../server/observe/clock.js';

interface Pending {
  readonly at: number;
  readonly call: () => void;
}

/** A clock for tests: time stands until `advance` moves it, and timers fire in their order on the way. */
export class ManualClock implements Clock {
  readonly #pending = new Set<Pending>();

  constructor(private time = 1_700_000_000_000) {}

  readonly now = (): number => this.time;

  after(afterMs: number, call: () => void): () => void {
    const pending = { at: this.time + afterMs, call };
    this.#pending.add(pending);
    return () => this.#pending.delete(pending);
  }

  /** Timers that wait. */
  get armed(): number {
    return this.#pending.size;
  }

  /** Moves time, and lets promises that settle on the way run their course. */
  async advance(byMs: number): Promise<void> {
    const end = this.time + byMs;
    await settle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#pending.delete(next);
      this.time = Math.max(this.time, next.at);
      next.call();
      await settle();
    }
    this.time = end;
  }

  #next(until: number): Pending | undefined {
    return [...this.#pending].filter((pending) => pending.at <= until).sort((a, b) => a.at - b.at)[0];
  }
}

/** Every promise that can go on without time or input has gone on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
