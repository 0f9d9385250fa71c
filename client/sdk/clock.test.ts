import { expect, test } from '@jest/globals';
import { backoffMs } from './clock.js';

test('a backoff is anything below a growing bound, on top of what the hub asked for', () => {
  const bounds = { baseMs: 100, maxMs: 1_000 };
  const longest = [1, 2, 3, 4, 5, 50].map((attempt) => backoffMs(attempt, bounds, () => 1));
  expect(longest).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  expect(backoffMs(3, bounds, () => 0, 70)).toBe(70);
  expect(backoffMs(1, bounds, () => 1, 20)).toBe(40);
  expect(backoffMs(3, bounds, () => 1, 5_000)).toBe(5_400);
});
