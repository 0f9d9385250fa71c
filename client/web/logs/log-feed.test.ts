import { expect, test } from '@jest/globals';
import type { LineFilter, LogLine } from '../../../shared/schemas.js';
import type { Hub } from '../../sdk/roomcast.js';
import { NO_FILTER } from './line-filter.js';
import { joinLogRoom } from './log-feed.js';

/** A log room that the test speaks for; paints and time pass when the test says so, `paintMs` from one to the next. */
function join(paintMs = 100) {
  const listeners: Record<string, (event: never) => void> = {};
  const asked: LineFilter[] = [];
  const room = {
    filter: {} as LineFilter,
    ready: Promise.resolve(),
    on: (event: string, listener: (event: never) => void) => (listeners[event] = listener),
    setFilter(filter: LineFilter) {
      room.filter = filter;
      asked.push(filter);
    },
    leave() {},
  };
  const due = new Set<() => void>();
  const later = (callback: () => void) => {
    due.add(callback);
    return () => void due.delete(callback);
  };
  let elapsed = 0;
  const run = () => {
    elapsed += paintMs;
    const now = [...due];
    due.clear();
    for (const callback of now) callback();
  };
  const hub = { logs: () => room } as unknown as Hub;
  const feed = joinLogRoom({
    hub,
    room: 'logs:a',
    filter: NO_FILTER,
    schedule: later,
    after: (_, callback) => later(callback),
    now: () => elapsed,
  });
  const tell = (event: string, given?: unknown) => listeners[event]!(given as never);
  const lines = (texts: string[], skipped = 0) => tell('lines', { lines: texts.map((text): LogLine => ({ text })), skipped });
  const shown = () => feed.tail.shown.slice(0, feed.tail.shown.length).map(({ line }) => line.text);
  return { feed, asked, run, tell, lines, shown };
}

test('a filter counts at once for what is there, and the hub is asked when it has settled', () => {
  const { feed, asked, run, tell, lines, shown } = join();
  lines(['slow a', 'quick b']);
  run();
  feed.filter({ level: 'trace', text: 'slo' });
  feed.filter({ level: 'trace', text: 'slow' });
  expect([shown(), asked]).toEqual([['slow a'], []]);
  run();
  expect(asked).toEqual([{ text: 'slow' }]);
  lines(['quick too late']);
  tell('filtered');
  lines(['slow old', 'slow a']);
  run();
  expect([shown(), feed.tail.length]).toEqual([['slow old', 'slow a'], 2]);
});

test('lines that come with every paint are shown together with some of them, those before a scan of older ones with it', () => {
  const { feed, run, lines, shown } = join(16);
  const seen: number[] = [];
  for (let n = 0; n < 8; n++) {
    lines([`slow ${n}`]);
    run();
    seen.push(shown().length);
  }
  expect(seen).toEqual([1, 1, 1, 4, 4, 4, 7, 7]);
  feed.filter({ level: 'trace', text: 'slow' });
  run();
  expect(shown()).toHaveLength(8);
});

test('while lines wait the hub is asked for nothing, so that what is read stays', () => {
  const { feed, asked, run, lines, shown } = join();
  lines(['slow a', 'quick b']);
  run();
  feed.pause('button');
  feed.filter({ level: 'trace', text: 'slow' });
  run();
  expect([shown(), asked]).toEqual([['slow a'], []]);
  feed.resume();
  expect(asked).toEqual([{ text: 'slow' }]);
});

test('what was missed and what was left out is counted until the page begins anew', () => {
  const { feed, run, tell, lines } = join();
  lines(['a'], 7);
  lines(['b'], 5);
  tell('gap');
  run();
  expect(feed.view.get()).toMatchObject({ gaps: 1, skipped: 12 });
  tell('filtered');
  run();
  expect(feed.view.get()).toMatchObject({ gaps: 0, skipped: 0 });
});
