import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { MessageFrame } from './frame.js';
import { NOTHING, Turn, type TurnGroup, type TurnWriter } from './turn.js';

const WINDOW_MS = 5;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** One connection of a turn, with the times at which it was written to. */
function open(windowMs: number) {
  const writtenAt: number[] = [];
  const writer: TurnWriter = {
    own: NOTHING,
    first: undefined as TurnGroup | undefined,
    more: undefined,
    takesCompressed: false,
    write: () => writtenAt.push(performance.now()),
  };
  const turn = new Turn({ windowMs });
  /** Sends something each so many milliseconds, and gives how long each waited. */
  const sendEach = (pauseMs: number, count: number): number[] => {
    const sentAt: number[] = [];
    for (let n = 0; n < count; n++) {
      sentAt.push(performance.now());
      turn.toOne(writer, new MessageFrame('a'));
      jest.advanceTimersByTime(pauseMs);
    }
    jest.advanceTimersByTime(WINDOW_MS);
    return sentAt.map((at) => writtenAt.find((written) => written >= at)! - at);
  };
  return { writtenAt, sendEach };
}

test('below some hundred writes a second nothing waits for the window', () => {
  const { writtenAt, sendEach } = open(WINDOW_MS);
  expect(Math.max(...sendEach(20, 100))).toBe(0);
  expect(writtenAt).toHaveLength(100);
});

test('two or three writes close to each other, some times a second, do not wait either', () => {
  for (const together of [2, 3]) {
    const { sendEach } = open(WINDOW_MS);
    for (let burst = 0; burst < 50; burst++) {
      expect(Math.max(...sendEach(1, together))).toBe(0);
      jest.advanceTimersByTime(100);
    }
  }
});

test('above, writes are fewer, and nothing waits longer than the window', () => {
  const { writtenAt, sendEach } = open(WINDOW_MS);
  const waits = sendEach(1, 500);
  expect(Math.max(...waits)).toBeGreaterThan(0);
  expect(Math.max(...waits)).toBeLessThanOrEqual(WINDOW_MS);
  expect(writtenAt.length).toBeLessThan(500 / 3);
});

test('a hub that becomes quiet again waits no more', () => {
  const { sendEach } = open(WINDOW_MS);
  sendEach(1, 500);
  const waits = sendEach(30, 20);
  expect(waits.slice(10)).toEqual(Array.from({ length: 10 }, () => 0));
});

test('without a window nothing waits, however much is sent', () => {
  const { writtenAt, sendEach } = open(0);
  expect(Math.max(...sendEach(1, 500))).toBe(0);
  expect(writtenAt).toHaveLength(500);
});
