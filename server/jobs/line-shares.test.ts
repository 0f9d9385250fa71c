import { describe, expect, test } from '@jest/globals';
import { usedUp } from './line-shares.js';

const MOST = 1_000;

/** Hands in as many jobs as the line takes, user after user. Gives what each has waiting then. */
function fill(users: number): number[] {
  const waiting = Array<number>(users).fill(0);
  const all = () => waiting.reduce((sum, own) => sum + own, 0);
  for (const user of waiting.keys()) while (!usedUp({ own: waiting[user]!, all: all(), most: MOST, adds: 1 })) waiting[user]!++;
  return waiting;
}

describe('a line that users fill', () => {
  test('is half free beside one, a quarter beside two that come one after the other', () => {
    expect([fill(1), fill(2)]).toEqual([[500], [500, 250]]);
  });

  test('has its last tenth for users who have nothing waiting, one place each', () => {
    const waiting = fill(110);
    expect(waiting.slice(0, 6)).toEqual([500, 250, 125, 25, 1, 1]);
    expect(waiting.slice(100)).toEqual([1, 1, 1, 1, ...Array(6).fill(0)]);
    expect(usedUp({ own: 0, all: MOST, most: MOST, adds: 1 })).toBe('all');
  });

  test('gives each the same where they come at once', () => {
    const waiting = [0, 0, 0];
    const all = () => waiting.reduce((sum, own) => sum + own, 0);
    for (let round = 0; round < MOST; round++) {
      for (const user of waiting.keys()) if (!usedUp({ own: waiting[user]!, all: all(), most: MOST, adds: 1 })) waiting[user]!++;
    }
    expect(waiting).toEqual([250, 250, 250]);
  });
});

test('bytes are shared as jobs are', () => {
  expect(usedUp({ own: 0, all: 90, most: 100, adds: 11 })).toBe('all');
  expect(usedUp({ own: 30, all: 30, most: 100, adds: 40 })).toBeUndefined();
  expect(usedUp({ own: 30, all: 30, most: 100, adds: 41 })).toBe('own');
  expect(usedUp({ own: 1, all: 80, most: 100, adds: 11 })).toBe('own');
});
