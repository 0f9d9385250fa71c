import { expect, test } from '@jest/globals';
import { ago, bytes, count, dayName, duration } from './format.js';

const NOON = new Date(2026, 2, 30, 12).getTime();
const HOUR = 3_600_000;

test('days are named as people name them, also over the change to summer time', () => {
  expect(dayName(NOON - 11 * HOUR, NOON)).toBe('Today');
  expect(dayName(NOON - 13 * HOUR, NOON)).toBe('Yesterday');
  expect(dayName(new Date(2026, 2, 28, 23, 59).getTime(), NOON)).not.toBe('Yesterday');
  expect(dayName(new Date(2024, 2, 30).getTime(), NOON)).toContain('2024');
});

test('sizes, counts and spans keep three digits that matter', () => {
  expect([0, 1023, 1024, 1536, 5 * 1024 ** 3].map(bytes)).toEqual(['0 B', '1023 B', '1 KiB', '1.5 KiB', '5 GiB']);
  expect([0, 0.0042, 7, 12.34, 999.5, 12_345, 2e9].map(count)).toEqual(['0', '0.0042', '7', '12.3', '1000', '12.3k', '2G']);
  expect([12, 2400, 65_000].map(duration)).toEqual(['12 ms', '2.4 s', '1 min 5 s']);
  expect([0, 5, 200, 3000].map((minutes) => ago(NOON - minutes * 60_000, NOON))).toEqual(['now', '5 min', '3 h', '2 d']);
});
