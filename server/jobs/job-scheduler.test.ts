import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { HubError } from '../../shared/errors.js';
import { ManualClock } from '../../test/support/manual-clock.js';
import { defineJob } from './handler.js';
import { createJobScheduler } from './job-scheduler.js';

const HOUR_MS = 3_600_000;
const logger = { info() {}, warn() {}, error() {} };
const input = z.strictObject({ room: z.string() });
const minutely = defineJob({ name: 'tidy', input, run: () => 1, repeat: { everyMs: 60_000, input: { room: 'chat:x' } } });

function start(submit: (tick: number) => unknown = () => {}) {
  const clock = new ManualClock(90_000);
  const ticks: number[] = [];
  let aheadMs = 0;
  const set = (ms: number) => {
    aheadMs = ms;
  };
  const scheduler = createJobScheduler({
    clock: { now: () => clock.now() + aheadMs, after: (afterMs, call) => clock.after(afterMs, call) },
    logger,
    submit: async (_handler, tick) => {
      ticks.push(tick);
      await submit(tick);
    },
  });
  return { clock, ticks, scheduler, set };
}

test('a job is submitted at each tick of its schedule, and none is without one', async () => {
  const { clock, ticks, scheduler } = start();
  scheduler.add(minutely);
  scheduler.add(defineJob({ name: 'other', input, run: () => 1 }));
  await clock.advance(29_999);
  expect(ticks).toEqual([]);
  await clock.advance(1);
  expect(ticks).toEqual([120_000]);
  await clock.advance(120_000);
  expect(ticks).toEqual([120_000, 180_000, 240_000]);
  scheduler.close();
  expect(clock.armed).toBe(0);
});

test('a tick further away than one timer waits is waited for', async () => {
  const { clock, ticks, scheduler } = start();
  scheduler.add(defineJob({ name: 'daily', input, run: () => 1, repeat: { cron: '0 3 * * *', input: { room: 'chat:x' } } }));
  await clock.advance(2 * HOUR_MS);
  expect(ticks).toEqual([]);
  await clock.advance(HOUR_MS);
  expect(ticks).toEqual([3 * HOUR_MS]);
});

test('a clock that is set makes a tick late by a minute at most, and none is waited for that was near before', async () => {
  const { clock, ticks, scheduler, set } = start();
  scheduler.add(defineJob({ name: 'hourly', input, run: () => 1, repeat: { everyMs: HOUR_MS, input: { room: 'chat:x' } } }));
  set(10 * HOUR_MS);
  await clock.advance(60_000);
  expect(ticks).toEqual([HOUR_MS]);
  set(0);
  await clock.advance(2 * HOUR_MS);
  expect(ticks).toEqual([HOUR_MS, HOUR_MS, 2 * HOUR_MS]);
  set(-30_000);
  await clock.advance(60_000);
  expect(ticks).toHaveLength(3);
});

test('a tick that the queue does not take is tried again, until the next one', async () => {
  let away = true;
  const { clock, ticks, scheduler } = start(() => {
    if (away) throw new HubError('unavailable');
  });
  scheduler.add(minutely);
  await clock.advance(32_000);
  away = false;
  await clock.advance(1_000);
  expect(new Set(ticks)).toEqual(new Set([120_000]));
  const tries = ticks.length;
  expect(tries).toBeGreaterThan(2);
  away = true;
  await clock.advance(120_000);
  expect(new Set(ticks.slice(tries))).toEqual(new Set([180_000, 240_000]));
});

test('ticks that passed while one was submitted are one', async () => {
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const { clock, ticks, scheduler } = start((tick) => (tick === 120_000 ? answered : undefined));
  scheduler.add(minutely);
  await clock.advance(230_000);
  expect(ticks).toEqual([120_000]);
  answer();
  await clock.advance(0);
  expect(ticks).toEqual([120_000, 180_000]);
  await clock.advance(60_000);
  expect(ticks).toEqual([120_000, 180_000, 360_000]);
});
