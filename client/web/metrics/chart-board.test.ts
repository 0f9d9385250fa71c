import { expect, test } from '@jest/globals';
import { createChartBoard } from './chart-board.js';
import { still } from './time-view.js';

const LIVE = { kind: 'live', spanMs: 60 } as const;

/** `costMs`: what the drawing of one chart takes; `writes`: charts write into the page, too. */
function board({ costMs = 0, writes = false } = {}) {
  const waiting = new Set<() => void>();
  const clock = { now: 100, elapsed: 0 };
  const created = createChartBoard({
    view: LIVE,
    now: () => clock.now,
    schedule: (callback) => {
      waiting.add(callback);
      return () => waiting.delete(callback);
    },
    elapsed: () => clock.elapsed,
  });
  const drawn: string[] = [];
  const chart = (name: string) =>
    created.add(({ to }) => {
      clock.elapsed += costMs;
      drawn.push(`${name}${to}`);
      return writes ? () => drawn.push(`written ${name}`) : undefined;
    });
  const paint = () => {
    const due = [...waiting];
    waiting.clear();
    for (const callback of due) callback();
    return drawn.splice(0);
  };
  return { ...created, clock, chart, paint };
}

test('many changes between two paints are one drawing of each chart', () => {
  const { chart, touch, paint, clock } = board();
  chart('a');
  const remove = chart('b');
  expect(paint()).toEqual(['a100', 'b100']);
  clock.now = 200;
  for (let i = 0; i < 50; i++) touch();
  expect(paint()).toEqual(['a200', 'b200']);
  remove();
  touch();
  expect(paint()).toEqual(['a200']);
  expect(paint()).toEqual([]);
});

test('a board that stands still ignores new values, not values of its past, and goes on from now', () => {
  const { chart, touch, redraw, show, paint, clock } = board();
  chart('a');
  show(still(LIVE, 100));
  paint();
  clock.now = 300;
  touch();
  expect(paint()).toEqual([]);
  redraw();
  chart('b');
  expect(paint()).toEqual(['a100', 'b100']);
  show(LIVE);
  expect(paint()).toEqual(['a300', 'b300']);
});

test('charts that take long share out over paints, and none waits for ever', () => {
  const { chart, touch, paint } = board({ costMs: 4 });
  for (const name of 'abcde') chart(name);
  const order = [paint(), paint(), paint()].map((drawn) => drawn.join(' '));
  expect(order).toEqual(['a100 b100', 'c100 d100', 'e100']);
  const seen = new Set<string>();
  for (let i = 0; i < 5; i++) {
    touch();
    for (const name of paint()) seen.add(name);
  }
  expect([...seen].sort()).toEqual(['a100', 'b100', 'c100', 'd100', 'e100']);
});

test('charts that are drawn fast share out too, for what a browser does with them afterwards', () => {
  const { chart, paint } = board();
  for (const name of 'abcd') chart(name);
  expect([paint(), paint(), paint()]).toEqual([['a100', 'b100', 'c100'], ['d100'], []]);
});

test('what charts write into the page comes when all canvases of a paint are drawn', () => {
  const { chart, paint } = board({ costMs: 4, writes: true });
  for (const name of 'abc') chart(name);
  expect(paint()).toEqual(['a100', 'b100', 'written a', 'written b']);
  expect(paint()).toEqual(['c100', 'written c']);
});
