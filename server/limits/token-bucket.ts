export interface BucketRate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Allows a rate in the long run and a burst at once. Its cost is two numbers: no timer, nothing to await. */
export class TokenBucket {
  #tokens: number;

  /** Full. `at`: now, in milliseconds. */
  constructor(
    burst: number,
    private at: number,
  ) {
    this.#tokens = burst;
  }

  /** Takes one token: 0; or none, and says after how many milliseconds there is one. The rate is the same at each call. */
  take({ perSecond, burst }: BucketRate, now: number): number {
    const perMs = perSecond / 1_000;
    // A clock that is set back gives nothing and takes nothing.
    this.#tokens = Math.min(burst, this.#tokens + Math.max(0, now - this.at) * perMs);
    this.at = now;
    if (this.#tokens < 1) return Math.ceil((1 - this.#tokens) / perMs);
    this.#tokens -= 1;
    return 0;
  }
}
