import { expect, test } from '@jest/globals';
import { PublishPace } from './publish-pace.js';

function pace(perSecond: number) {
  const time = { now: 0 };
  const clock = { now: () => time.now, schedule: () => () => {}, random: () => 0 };
  return { time, pace: new PublishPace(perSecond, clock) };
}

test('bursts stay below what the hub allows at once, and come back with time', () => {
  const { time, pace: limited } = pace(50);
  expect(limited.ahead()).toBe(160);
  for (let i = 0; i < 170; i++) limited.spend();
  expect(limited.ahead()).toBe(0);
  time.now += 500;
  expect(limited.ahead()).toBe(10);
  time.now += 60_000;
  expect(limited.ahead()).toBe(160);
});

test('a refusal for the rate ends the burst and halves the rate', () => {
  const { time, pace: limited } = pace(50);
  limited.slow();
  expect(limited.ahead()).toBe(0);
  time.now += 1_000;
  expect(limited.ahead()).toBe(20);
});

test('without a limit there is none, until the hub says otherwise', () => {
  const { pace: free } = pace(0);
  free.spend();
  expect(free.ahead()).toBe(Number.POSITIVE_INFINITY);
  free.slow();
  expect(free.ahead()).toBe(0);
});
