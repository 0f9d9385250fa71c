import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { HubError } from '../../shared/errors.js';
import { ManualClock } from '../../test/support/manual-clock.js';
import { defineJob } from './handler.js';
import { createJobScheduler } from './job-scheduler.js';

const logger = { info() {}, warn() {}, error() {} };
const input = z.strictObject({ room: z.string() });
const minutely = defineJob({ name: 'tidy', input, run: () => 1, repeat: { everyMs: 60_000, input: { room: 'chat:x' } } });

function start(submit: (tick: number) => unknown = () => {}) {
  const clock = new ManualClock(90_000);
  const ticks: number[] = [];
  const scheduler = createJobScheduler({
    clock,
    logger,
    submit: async (_handler, tick) => {
      ticks.push(tick);
      await submit(tick);
    },
  });
  return { clock, ticks, scheduler };
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

test('a tick further away than a timer of Node reaches is waited for', async () => {
  const { clock, ticks, scheduler } = start();
  const repeat = { cron: '0 0 1 3 *', input: { room: 'chat:x' } };
  scheduler.add(defineJob({ name: 'yearly', input, run: () => 1, repeat }));
  await clock.advance(58 * 86_400_000);
  expect(ticks).toEqual([]);
  await clock.advance(2 * 86_400_000);
  expect(ticks).toEqual([Date.parse('1970-03-01T00:00:00Z')]);
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
