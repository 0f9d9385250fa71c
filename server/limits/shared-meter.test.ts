import { afterEach, expect, jest, test } from '@jest/globals';
import { createSharedMeter } from './shared-meter.js';

afterEach(() => {
  jest.useRealTimers();
});

/** A meter on a clock of the test, with the reports that it made and the answer that they get. */
function metered(points: number, answer: (key: string, points: number) => number) {
  jest.useFakeTimers();
  const reports: [string, number][] = [];
  const meter = createSharedMeter({
    rate: { points, seconds: 5 },
    reportMs: 100,
    now: () => Date.now(),
    spend: async (key, used) => {
      reports.push([key, used]);
      return answer(key, used);
    },
  });
  return { meter, reports };
}

test('uses are reported together, one report per key and interval', async () => {
  const { meter, reports } = metered(100, () => 0);
  for (let i = 0; i < 10; i++) expect(meter.use('ada')).toBe(0);
  meter.use('bob');
  expect(reports).toEqual([]);
  await jest.advanceTimersByTimeAsync(100);
  expect(reports).toEqual([
    ['ada', 10],
    ['bob', 1],
  ]);
  await jest.advanceTimersByTimeAsync(1_000);
  expect(reports).toHaveLength(2);
  expect(jest.getTimerCount()).toBe(0);
});

test('a key that the report shows to be over its rate waits, the others do not', async () => {
  const { meter } = metered(100, (key) => (key === 'ada' ? 3_000 : 0));
  meter.use('ada');
  meter.use('bob');
  await jest.advanceTimersByTimeAsync(100);
  expect(meter.use('ada')).toBe(3_000);
  expect(meter.use('bob')).toBe(0);
  await jest.advanceTimersByTimeAsync(2_000);
  expect(meter.waitMs('ada')).toBe(1_000);
  await jest.advanceTimersByTimeAsync(1_000);
  expect(meter.use('ada')).toBe(0);
  await jest.advanceTimersByTimeAsync(10_000);
});

test('a whole window that is used up between two reports waits for the report', () => {
  const { meter } = metered(3, () => 0);
  for (let i = 0; i < 3; i++) expect(meter.use('ada')).toBe(0);
  expect(meter.use('ada')).toBe(100);
  meter.close();
});
