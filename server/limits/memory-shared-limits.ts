import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { SharedLimits, SharedRates } from './shared-limits.js';

/** The one instance of an embedded hub: what it counts is all there is. */
export function createMemorySharedLimits({ rates }: { rates: SharedRates }): SharedLimits {
  const limiters = {
    publishes: memoryLimiter('publishes', rates),
    authFailures: memoryLimiter('authFailures', rates),
  };
  return {
    leaseMs: 15_000,
    spend: (rate, key, points) => waitOf(limiters[rate].consume(key, points)),
    connections: async () => 0,
  };
}

export function memoryLimiter(name: keyof SharedRates, rates: SharedRates): RateLimiterMemory {
  const { points, seconds } = rates[name];
  return new RateLimiterMemory({ keyPrefix: name, points, duration: seconds });
}

/** The library rejects with the state of the window when it is used up, and with an error when it could not tell. */
export async function waitOf(consumed: Promise<RateLimiterRes>): Promise<number> {
  try {
    await consumed;
    return 0;
  } catch (rejected) {
    return rejected instanceof RateLimiterRes ? Math.max(1, rejected.msBeforeNext) : 0;
  }
}
