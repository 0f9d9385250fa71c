import { HubError } from '../../shared/errors.js';
import { BURST_SECONDS } from './connection-limits.js';
import type { Rate, SharedLimits, SharedRates } from './shared-limits.js';
import { createSharedMeter } from './shared-meter.js';

/** The windows behind the limits of users and addresses. */
export function sharedRates(options: { publishesPerSecond: number; authFailuresPerMinute: number }): SharedRates {
  return {
    publishes: { points: options.publishesPerSecond * BURST_SECONDS, seconds: BURST_SECONDS },
    authFailures: { points: options.authFailuresPerMinute, seconds: 60 },
  };
}

export interface UserLimits {
  /**
   * Counts one publication of a user, whatever the connection, transport and instance.
   * @throws HubError `rate_limited` with `retryAfterMs`
   */
  publish(userId: string): void;
  close(): void;
}

export function createUserLimits({ rate, shared, now }: { rate: Rate; shared: SharedLimits; now?: () => number }): UserLimits {
  if (rate.points === 0) return { publish: () => {}, close: () => {} };
  const meter = createSharedMeter({ rate, spend: (key, points) => shared.spend('publishes', key, points), ...(now ? { now } : {}) });
  return {
    publish: (userId) => {
      const waitMs = meter.use(userId);
      if (waitMs > 0)
        throw new HubError('rate_limited', `at most ${rate.points / rate.seconds} publications per second of one user`, waitMs);
    },
    close: () => meter.close(),
  };
}
