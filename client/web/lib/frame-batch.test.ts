import { expect, test } from '@jest/globals';
import { batched, type Schedule } from './frame-batch.js';

function manualSchedule() {
  const waiting = new Set<() => void>();
  const schedule: Schedule = (callback) => {
    waiting.add(callback);
    return () => waiting.delete(callback);
  };
  const paint = () => {
    const due = [...waiting];
    waiting.clear();
    for (const callback of due) callback();
  };
  return { schedule, paint, waiting };
}

test('all that arrives before a paint is delivered once, in order', () => {
  const { schedule, paint, waiting } = manualSchedule();
  const deliveries: number[][] = [];
  const batch = batched<number>(schedule, (items) => deliveries.push(items));
  for (let i = 0; i < 100; i++) batch.add(i);
  expect(waiting.size).toBe(1);
  paint();
  paint();
  batch.add(100);
  paint();
  expect(deliveries).toEqual([Array.from({ length: 100 }, (_, i) => i), [100]]);
});

test('a flush delivers at once and takes the scheduled delivery back; a cancel drops what waits', () => {
  const { schedule, paint, waiting } = manualSchedule();
  const deliveries: string[][] = [];
  const batch = batched<string>(schedule, (items) => deliveries.push(items));
  batch.add('a');
  batch.flush();
  expect(waiting.size).toBe(0);
  batch.add('b');
  batch.cancel();
  paint();
  batch.add('c');
  paint();
  expect(deliveries).toEqual([['a'], ['c']]);
});

test('what a delivery adds comes with the next paint', () => {
  const { schedule, paint } = manualSchedule();
  const deliveries: number[][] = [];
  const batch = batched<number>(schedule, (items) => {
    deliveries.push(items);
    if (items[0] === 1) batch.add(2);
  });
  batch.add(1);
  paint();
  expect(deliveries).toEqual([[1]]);
  paint();
  expect(deliveries).toEqual([[1], [2]]);
});
