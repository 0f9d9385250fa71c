/** Allows `perSecond` in the long run and `burst` at once. Its cost is two numbers: no timer, nothing to await. */
export interface TokenBucket {
  /** Takes one token: 0; or none, and says after how many milliseconds there is one. */
  take(): number;
}

export function createTokenBucket({ perSecond, burst, now }: { perSecond: number; burst: number; now: () => number }): TokenBucket {
  const perMs = perSecond / 1_000;
  let tokens = burst;
  let at = now();
  return {
    take: () => {
      const time = now();
      // A clock that is set back gives nothing and takes nothing.
      tokens = Math.min(burst, tokens + Math.max(0, time - at) * perMs);
      at = time;
      if (tokens < 1) return Math.ceil((1 - tokens) / perMs);
      tokens -= 1;
      return 0;
    },
  };
}
