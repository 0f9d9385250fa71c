import { expect, test } from '@jest/globals';
import { waitFor } from '../../test/support/wait.js';
import { throttleLatest } from './progress-throttle.js';

function setup(intervalMs: number) {
  const time = { ms: 0 };
  const passed: number[] = [];
  return {
    time,
    passed,
    throttle: throttleLatest<number>(
      intervalMs,
      (value) => passed.push(value),
      () => time.ms,
    ),
  };
}

test('the first value passes at once, then the latest one each interval, by the clock alone', () => {
  const { time, passed, throttle } = setup(200);
  for (let n = 0; n < 1_000; n++) {
    time.ms = n;
    throttle.push(n);
  }
  expect(passed).toEqual([0, 200, 400, 600, 800]);
  throttle.stop();
});

test('the last value passes even when no other comes', async () => {
  const passed: string[] = [];
  const throttle = throttleLatest<string>(5, (value) => passed.push(value));
  throttle.push('first');
  throttle.push('replaced');
  throttle.push('last');
  await waitFor(() => passed.length === 2);
  expect(passed).toEqual(['first', 'last']);
  throttle.stop();
});

test('once stopped, nothing passes', () => {
  const { time, passed, throttle } = setup(200);
  throttle.push(1);
  throttle.push(2);
  throttle.stop();
  time.ms = 1_000;
  throttle.push(3);
  expect(passed).toEqual([1]);
});
