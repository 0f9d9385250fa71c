/** What tells the time and wakes up; a test brings its own. */
export interface Timing {
  /** Milliseconds that only rise. */
  now(): number;
  setTimeout(run: () => void, ms: number): NodeJS.Timeout;
}

const systemTiming: Timing = { now: () => performance.now(), setTimeout: (run, ms) => setTimeout(run, ms) };

/**
 * Calls `onDue` for each item `delayMs` after it was put in last, never earlier. All wait equally long, so the order of putting is the
 * order of their ends, and one timer serves them all.
 */
export class DeadlineQueue<Item extends object> {
  /** With the millisecond in which each is due, soonest first. */
  readonly #due = new Map<Item, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly delayMs: number,
    private readonly onDue: (item: Item) => void,
    private readonly timing: Timing = systemTiming,
  ) {}

  get size(): number {
    return this.#due.size;
  }

  /** Puts it in, or starts its delay again. */
  put(item: Item): void {
    this.#due.delete(item);
    this.#due.set(item, Math.ceil(this.timing.now() + this.delayMs));
    this.#timer ??= this.timing.setTimeout(this.#wake, this.delayMs);
  }

  delete(item: Item): void {
    this.#due.delete(item);
    if (this.#due.size === 0) this.#stop();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #wake = (): void => {
    const now = this.timing.now();
    for (const [item, due] of this.#due) {
      if (due > now) {
        clearTimeout(this.#timer);
        this.#timer = this.timing.setTimeout(this.#wake, Math.ceil(due - now));
        return;
      }
      this.#due.delete(item);
      this.onDue(item);
    }
    this.#stop();
  };
}
