import { expect, test } from '@jest/globals';
import { nextTick } from './schedule.js';

const at = (text: string) => Date.parse(text);
const iso = (ms: number) => new Date(ms).toISOString();

test('ticks of an interval are the same wherever they are asked', () => {
  expect(nextTick({ everyMs: 60_000 }, at('2025-03-01T10:00:30Z'))).toBe(at('2025-03-01T10:01:00Z'));
  expect(nextTick({ everyMs: 60_000 }, at('2025-03-01T10:01:00Z'))).toBe(at('2025-03-01T10:02:00Z'));
});

test('a cron pattern is read in its time zone, through a change of the clocks too', () => {
  expect(iso(nextTick({ cron: '30 4 * * *' }, at('2025-03-01T10:00:00Z')))).toBe('2025-03-02T04:30:00.000Z');
  expect(iso(nextTick({ cron: '*/10 * * * * *' }, at('2025-03-01T10:00:05Z')))).toBe('2025-03-01T10:00:10.000Z');
  const berlin = { cron: '0 6 * * *', timeZone: 'Europe/Berlin' };
  const winter = nextTick(berlin, at('2025-03-29T00:00:00Z'));
  expect([winter, nextTick(berlin, winter)].map(iso)).toEqual(['2025-03-29T05:00:00.000Z', '2025-03-30T04:00:00.000Z']);
});

test.each([
  { everyMs: 999 },
  { everyMs: 1_500.5 },
  { cron: 'whenever' },
  { cron: '61 * * * *' },
  { cron: 'H * * * *' },
  { cron: '* * * * *', timeZone: 'Mars/Olympus' },
])('%j is no schedule', (schedule) => {
  expect(() => nextTick(schedule as never, 0)).toThrow(RangeError);
});
