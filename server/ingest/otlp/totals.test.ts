import { expect, test } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { type Adder, DeltaTotals } from './totals.js';

const sum: Adder<number> = { add: (total, delta) => total + delta, size: () => 1 };
const totalsWith = (options: { bytes?: number; bytesPerRoom?: number } = {}) => {
  const clock = new ManualClock();
  const totals = new DeltaTotals({ clock, idleMs: 1_000, ...options });
  const add = (series: string, startNs: number, timeNs: number, data: number, room = 'metrics:a') =>
    totals.add(room, series, { startNs, timeNs, data }, sum);
  return { add, clock, totals };
};

test('deltas add up, each series for itself and each room for itself', () => {
  const { add } = totalsWith();
  expect(add('x', 0, 10, 5)).toEqual({ startNs: 0, timeNs: 10, data: 5 });
  expect(add('x', 10, 20, 2)).toEqual({ startNs: 10, timeNs: 20, data: 7 });
  expect(add('y', 10, 20, 1).data).toBe(1);
  expect(add('x', 10, 20, 1, 'metrics:b').data).toBe(1);
});

test('a delta that is sent again counts once', () => {
  const { add } = totalsWith();
  add('x', 0, 10, 5);
  expect(add('x', 0, 10, 5)).toEqual({ startNs: 0, timeNs: 10, data: 5 });
  expect(add('x', 10, 20, 1).data).toBe(6);
});

test('a delta that comes late counts at the time of the latest', () => {
  const { add } = totalsWith();
  add('x', 10, 20, 5);
  expect(add('x', 0, 10, 2)).toEqual({ startNs: 10, timeNs: 20, data: 7 });
});

test('past their memory no other series gets a total, in a room or in all of them, until some are idle', async () => {
  const { add, clock, totals } = totalsWith({ bytes: 600, bytesPerRoom: 300 });
  add('x', 0, 1, 1);
  expect(() => add('y', 0, 1, 1)).toThrow(expect.objectContaining({ code: 'too_large' }));
  add('x', 0, 1, 1, 'metrics:b');
  expect(() => add('x', 0, 1, 1, 'metrics:c')).toThrow(expect.objectContaining({ code: 'too_large' }));
  expect(add('x', 1, 2, 1).data).toBe(2);
  await clock.advance(1_000);
  expect(add('y', 0, 1, 1).data).toBe(1);
  expect(add('x', 0, 1, 1, 'metrics:c').data).toBe(1);
  expect(totals.bytes).toBeLessThanOrEqual(600);
});

test('a series that goes on does not keep those that are idle', async () => {
  const { add, clock } = totalsWith({ bytesPerRoom: 600 });
  add('first', 0, 1, 1);
  add('idle', 0, 1, 1);
  await clock.advance(600);
  add('first', 1, 2, 1);
  await clock.advance(600);
  expect(add('other', 0, 1, 1).data).toBe(1);
  expect(add('first', 2, 3, 1).data).toBe(3);
});

test('a series that goes on keeps its total, however long', async () => {
  const { add, clock } = totalsWith({ bytesPerRoom: 600 });
  for (let n = 1; n <= 5; n++) {
    expect(add('x', n - 1, n, 1).data).toBe(n);
    await clock.advance(900);
    add(`other ${n % 2}`, n - 1, n, 1, 'metrics:b');
  }
});

test('a sender whose totals have no room is told so without a walk over all rooms', () => {
  const clock = new ManualClock();
  let looks = 0;
  const totals = new DeltaTotals({
    clock: Object.assign(Object.create(clock), {
      now: () => {
        looks++;
        return clock.now();
      },
    }),
    bytes: 260 * 500,
  });
  const add = (room: string) => totals.add(room, 'x', { startNs: 0, timeNs: 1, data: 1 }, sum);
  for (let room = 0; room < 500; room++) add(`metrics:${room}`);
  looks = 0;
  for (let room = 1_000; room < 1_100; room++) expect(() => add(`metrics:${room}`)).toThrow();
  expect(looks).toBeLessThanOrEqual(200);
});

test('idle totals of a room make way for others, whatever goes on in it and in the rest', async () => {
  const { add, clock, totals } = totalsWith({ bytes: 1_100 });
  add('on', 0, 1, 1, 'metrics:a');
  for (const series of ['idle', 'other']) add(series, 0, 1, 1, 'metrics:b');
  add('on', 0, 1, 1, 'metrics:b');
  await clock.advance(900);
  for (const room of ['metrics:b', 'metrics:a']) add('on', 1, 2, 1, room);
  await clock.advance(200);
  expect(add('x', 0, 1, 1, 'metrics:c').data).toBe(1);
  expect(add('on', 2, 3, 1, 'metrics:b').data).toBe(3);
  expect(totals.bytes).toBeLessThan(1_000);
});
