import { expect, test } from '@jest/globals';
import { createChartBoard } from './chart-board.js';

function board() {
  const waiting = new Set<() => void>();
  const clock = { now: 100 };
  const created = createChartBoard(
    () => clock.now,
    (callback) => {
      waiting.add(callback);
      return () => waiting.delete(callback);
    },
  );
  const paint = () => {
    const due = [...waiting];
    waiting.clear();
    for (const callback of due) callback();
    return due.length;
  };
  return { ...created, clock, paint };
}

test('many changes between two paints are one drawing of each chart', () => {
  const { add, touch, paint, clock } = board();
  const drawn: string[] = [];
  add((now) => drawn.push(`a${now}`));
  const remove = add((now) => drawn.push(`b${now}`));
  drawn.length = 0;
  clock.now = 200;
  for (let i = 0; i < 50; i++) touch();
  expect(paint()).toBe(1);
  expect(drawn).toEqual(['a200', 'b200']);
  remove();
  touch();
  paint();
  expect(drawn).toEqual(['a200', 'b200', 'a200']);
  expect(paint()).toBe(0);
});

test('a paused board stands still, also for charts that come later, and goes on from now', () => {
  const { add, touch, pause, paint, clock } = board();
  const drawn: number[] = [];
  add((now) => drawn.push(now));
  pause(true);
  paint();
  clock.now = 300;
  touch();
  expect(paint()).toBe(0);
  add((now) => drawn.push(now));
  pause(false);
  paint();
  expect(drawn).toEqual([100, 100, 100, 300, 300]);
});
