import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Arrivals } from './arrivals.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const SPREAD_MS = 5_000;
const here = () => false;

/** A crowd at the door, and the times, from now, at which each of it was let in. */
function crowd(arrivals: Arrivals, count: number, isGone: (one: number) => boolean = here) {
  const startedAt = Date.now();
  const times: (number | undefined)[] = Array.from({ length: count });
  for (let one = 0; one < count; one++) {
    void Promise.resolve(arrivals.enter(() => isGone(one))).then(() => {
      times[one] = Date.now() - startedAt;
    });
  }
  return times;
}

/** Messages go on for all that time. */
async function pass(arrivals: Arrivals, ms: number) {
  for (let passed = 0; passed < ms; passed += 100) {
    arrivals.busy();
    await jest.advanceTimersByTimeAsync(100);
  }
}

test('a crowd comes in evenly while messages flow, in its order, all of it in time', async () => {
  const arrivals = new Arrivals({ spreadMs: SPREAD_MS });
  arrivals.busy();
  const times = crowd(arrivals, 2_000);
  await pass(arrivals, SPREAD_MS + 100);
  expect(arrivals.waiting).toBe(0);
  const inSecond = Array.from({ length: 5 }, (_, second) => times.filter((ms) => Math.floor(ms! / 1_000) === second).length);
  for (const count of inSecond) expect(Math.abs(count - 400)).toBeLessThan(30);
  expect(times).toEqual([...times].sort((a, b) => a! - b!));
  expect(jest.getTimerCount()).toBe(0);
});

test('nobody waits while no messages flow', async () => {
  const arrivals = new Arrivals({ spreadMs: SPREAD_MS });
  const times = crowd(arrivals, 2_000);
  await jest.advanceTimersByTimeAsync(0);
  expect(new Set(times)).toEqual(new Set([0]));
});

test('those that wait come in at once when the messages have stopped', async () => {
  const arrivals = new Arrivals({ spreadMs: SPREAD_MS });
  arrivals.busy();
  const times = crowd(arrivals, 2_000);
  await jest.advanceTimersByTimeAsync(1_100);
  expect(times.filter((ms) => ms! < 1_000).length).toBeLessThan(500);
  expect(arrivals.waiting).toBe(0);
});

test('who comes alone does not wait', async () => {
  const arrivals = new Arrivals({ spreadMs: SPREAD_MS });
  for (let one = 0; one < 300; one++) {
    arrivals.busy();
    const times = crowd(arrivals, 1);
    await jest.advanceTimersByTimeAsync(10);
    expect(times).toEqual([0]);
  }
});

test('one that has gone takes no place', async () => {
  const arrivals = new Arrivals({ spreadMs: SPREAD_MS });
  arrivals.busy();
  const times = crowd(arrivals, 2_000, (one) => one > 10 && one < 1_990);
  await pass(arrivals, 200);
  expect(times.every((ms) => ms !== undefined)).toBe(true);
});

test('0 lets everybody in at once, and closing lets all in that wait', async () => {
  const open = new Arrivals({ spreadMs: 0 });
  open.busy();
  const all = crowd(open, 500);
  await jest.advanceTimersByTimeAsync(0);
  expect(new Set(all)).toEqual(new Set([0]));

  const arrivals = new Arrivals({ spreadMs: SPREAD_MS });
  arrivals.busy();
  const times = crowd(arrivals, 500);
  await jest.advanceTimersByTimeAsync(0);
  expect(arrivals.waiting).toBeGreaterThan(400);
  arrivals.close();
  await jest.advanceTimersByTimeAsync(0);
  expect(times.every((ms) => ms === 0)).toBe(true);
  expect(jest.getTimerCount()).toBe(0);

  const late = crowd(arrivals, 50);
  await pass(arrivals, SPREAD_MS);
  expect(late.every((ms) => ms !== undefined)).toBe(true);
});
