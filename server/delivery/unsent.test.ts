import { expect, test } from '@jest/globals';
import { unsentBytes } from './unsent.js';

const conn = (writeBuffer: unknown[]) => ({ conn: { transport: { name: 'polling' }, writeBuffer } }) as never;
const ENOUGH = 1_000_000;

test('a queue of many small packets weighs what is kept of each, not only their text', () => {
  const packets = Array.from({ length: 1_000 }, () => ({ type: 'message', data: '2' }));
  expect(unsentBytes(conn(packets), ENOUGH)).toBeGreaterThan(100 * packets.length);
  expect(unsentBytes(conn([]), ENOUGH)).toBe(0);
});

test('what is added to a queue is counted, text and binary, and what came before is not walked through again', () => {
  let looks = 0;
  const counted = (data: unknown) => ({
    get data() {
      looks++;
      return data;
    },
  });
  const queue = [counted('x'.repeat(10_000)), counted(Buffer.alloc(20_000))];
  const before = unsentBytes(conn(queue), ENOUGH);
  expect(before).toBeGreaterThan(30_000);
  queue.push(counted('y'.repeat(40_000)));
  expect(unsentBytes(conn(queue), ENOUGH) - before).toBeGreaterThanOrEqual(40_000);
  expect(looks).toBe(queue.length);
});

test('it is not counted further than is asked for', () => {
  const packets = Array.from({ length: 100 }, () => ({ data: 'x'.repeat(1_000) }));
  expect(unsentBytes(conn(packets), 5_000)).toBeLessThan(10_000);
});
