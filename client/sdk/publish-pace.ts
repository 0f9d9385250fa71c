import type { Clock } from './clock.js';

/** Seconds of the rate that may come at once; hubs allow somewhat more. */
const BURST_SECONDS = 4;
/** Part of the hub's rate that is used ahead of answers: the rest is for what it counts differently. */
const SHARE = 0.8;

/**
 * How many messages may go out ahead of the answers to those before them. A hub that limits the rate refuses some of a burst and takes
 * others, which would change their order; so bursts stay below the limit, and past it each message waits for the one before.
 */
export class PublishPace {
  readonly #clock: Clock;
  #perSecond: number;
  #tokens: number;
  #at: number;

  /** @param perSecond what the hub allows; 0: any number */
  constructor(perSecond: number, clock: Clock) {
    this.#clock = clock;
    this.#perSecond = perSecond === 0 ? Number.POSITIVE_INFINITY : SHARE * perSecond;
    this.#tokens = BURST_SECONDS * this.#perSecond;
    this.#at = clock.now();
  }

  ahead(): number {
    if (this.#perSecond === Number.POSITIVE_INFINITY) return this.#perSecond;
    const now = this.#clock.now();
    // A clock that is set back gives nothing and takes nothing.
    const gained = (Math.max(0, now - this.#at) / 1_000) * this.#perSecond;
    this.#tokens = Math.min(BURST_SECONDS * this.#perSecond, this.#tokens + gained);
    this.#at = now;
    return Math.max(0, Math.floor(this.#tokens));
  }

  /** One message went out. */
  spend(): void {
    this.#tokens--;
  }

  /** The hub refused for the rate all the same: it allows less than was thought. */
  slow(): void {
    this.#perSecond = Number.isFinite(this.#perSecond) ? Math.max(1, this.#perSecond / 2) : 50;
    this.#tokens = Math.min(this.#tokens, 0);
    this.#at = this.#clock.now();
  }
}
