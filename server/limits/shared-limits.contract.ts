import { expect, test } from '@jest/globals';
import type { SharedLimits, SharedRates } from './shared-limits.js';

export const CONTRACT_RATES: SharedRates = { publishes: { points: 10, seconds: 60 }, authFailures: { points: 2, seconds: 60 } };

/** What every engine of the port does; `open` gives one instance with a world of its own. */
export function sharedLimitsContract(open: () => Promise<SharedLimits>): void {
  test('a key goes on up to its points and then waits for its window to end, alone', async () => {
    const limits = await open();
    expect(await limits.spend('publishes', 'ada', 9)).toBe(0);
    expect(await limits.spend('publishes', 'ada', 1)).toBe(0);
    const waitMs = await limits.spend('publishes', 'ada', 1);
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(60_000);
    expect(await limits.spend('publishes', 'bob', 10)).toBe(0);
  });

  test('each rate counts its own keys', async () => {
    const limits = await open();
    expect(await limits.spend('authFailures', '127.0.0.1', 3)).toBeGreaterThan(0);
    expect(await limits.spend('publishes', '127.0.0.1', 3)).toBe(0);
  });

  test('connections told by the one asking are not elsewhere', async () => {
    const limits = await open();
    expect(await limits.connections('10.0.0.1', 7)).toBe(0);
    expect(await limits.connections('10.0.0.1', 0)).toBe(0);
  });
}
