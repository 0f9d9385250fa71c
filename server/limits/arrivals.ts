export interface ArrivalsOptions {
  /** Milliseconds over which those are let in that come at once; 0: each at once. */
  readonly spreadMs: number;
  readonly now?: () => number;
}

/** Let in per second however few wait, and at once: so many are not felt. */
const LEAST_PER_SECOND = 100;
const LEAST_AT_ONCE = 10;
/** Milliseconds between two looks at those that wait. */
const TICK_MS = 10;
/** Milliseconds after a message in which there is somebody to protect. */
const BUSY_MS = 1_000;

interface Waiting {
  readonly letIn: () => void;
  readonly isGone: () => boolean;
}

/**
 * The door that a crowd comes through when it comes at once, as when another instance has died: those who are in get their messages meanwhile as
 * before, for letting somebody in costs some hundred times what a message does. While no messages flow nobody waits.
 */
export class Arrivals {
  readonly #now: () => number;
  readonly #waiting: Waiting[] = [];
  /** The longest that the queue has been since it was empty: all of it is through in `spreadMs`. */
  #longest = 0;
  #busyUntil = 0;
  /** How many may come in; may be a part of one. */
  #places = LEAST_AT_ONCE;
  #filledAt: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: ArrivalsOptions) {
    this.#now = options.now ?? Date.now;
    this.#filledAt = this.#now();
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** A message goes to those who are in. */
  busy(): void {
    this.#busyUntil = this.#now() + BUSY_MS;
  }

  /** Undefined: it may come in. Otherwise resolves when it may; one that is gone by then takes nobody's place. */
  enter(isGone: () => boolean): Promise<void> | undefined {
    if (this.options.spreadMs === 0) return undefined;
    this.#fill();
    if (this.#waiting.length === 0 && this.#takePlace()) return undefined;
    return new Promise<void>((letIn) => {
      this.#waiting.push({ letIn, isGone });
      this.#longest = Math.max(this.#longest, this.#waiting.length);
      this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
    });
  }

  /** Lets all in that wait. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const { letIn } of this.#waiting.splice(0)) letIn();
  }

  #tick(): void {
    this.#fill();
    let through = 0;
    for (const { letIn, isGone } of this.#waiting) {
      if (!isGone() && !this.#takePlace()) break;
      letIn();
      through++;
    }
    this.#waiting.splice(0, through);
    if (this.#waiting.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#longest = 0;
  }

  #takePlace(): boolean {
    if (this.#now() >= this.#busyUntil) return true;
    if (this.#places < 1) return false;
    this.#places--;
    return true;
  }

  #fill(): void {
    const now = this.#now();
    const perMs = Math.max(LEAST_PER_SECOND / 1_000, this.#longest / this.options.spreadMs);
    const filled = this.#places + Math.max(0, now - this.#filledAt) * perMs;
    this.#places = Math.min(filled, Math.max(LEAST_AT_ONCE, 2 * TICK_MS * perMs));
    this.#filledAt = now;
  }
}
