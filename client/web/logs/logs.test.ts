import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LogLine } from '../../../shared/schemas.js';
import { EMPTY_LOG, filterLines, KEPT_LINES, type LogState, logReducer } from './log-state.js';
import { visibleRows } from './virtual.js';

const add = (state: LogState, ...lines: LogLine[]) => logReducer(state, { kind: 'lines', batches: [{ lines, time: 1000 }] });
const texts = ({ lines }: Pick<LogState, 'lines'>) => lines.map(({ text }) => text);

test('lines follow each other under rising ids, and one without a time has that of its message', () => {
  const state = add(add(EMPTY_LOG, { text: 'a', time: 5 }), { text: 'b' }, { text: 'c' });
  expect(state.lines.map(({ id, time, text }) => [id, time, text])).toEqual([
    [1, 5, 'a'],
    [2, 1000, 'b'],
    [3, 1000, 'c'],
  ]);
});

test('only so many lines are held, the newest, also of those that wait', () => {
  const many = Array.from({ length: KEPT_LINES }, (_, i) => ({ text: `${i}` }));
  const full = add(add(EMPTY_LOG, ...many), { text: 'last' });
  expect([full.lines.length, texts(full).at(0), texts(full).at(-1)]).toEqual([KEPT_LINES, '1', 'last']);
  const held = add(add(logReducer(EMPTY_LOG, { kind: 'pause' }), ...many), { text: 'last' });
  expect([held.lines.length, held.held?.length]).toEqual([0, KEPT_LINES]);
});

test('what comes while paused is shown with the end of the pause, nothing is lost or doubled', () => {
  let state = add(EMPTY_LOG, { text: 'a' });
  state = logReducer(logReducer(state, { kind: 'pause' }), { kind: 'pause' });
  state = add(state, { text: 'b' });
  expect([texts(state), state.held?.length]).toEqual([['a'], 1]);
  state = logReducer(logReducer(state, { kind: 'resume' }), { kind: 'resume' });
  expect([texts(state), state.held]).toEqual([['a', 'b'], undefined]);
});

test('a filter takes the urgent enough lines with all of its words and none of the excluded ones, in text, source and fields', () => {
  const { lines } = add(
    EMPTY_LOG,
    { text: 'Started', level: 'info', source: 'hub' },
    { text: 'slow answer', level: 'warn', fields: { path: '/api/rooms', ms: 812 } },
    { text: 'no level' },
    { text: 'failed', level: 'error', fields: { path: '/api/jobs' } },
  );
  const filtered = (level: Parameters<typeof filterLines>[1]['level'], text: string) =>
    texts({ lines: filterLines(lines, { level, text }) });
  expect(filtered('trace', '')).toHaveLength(4);
  expect(filtered('warn', '')).toEqual(['slow answer', 'failed']);
  expect(filtered('info', 'PATH=/api ms=812')).toEqual(['slow answer']);
  expect(filtered('info', '/api -jobs')).toEqual(['slow answer']);
  expect(filtered('trace', 'hub start')).toEqual(['Started']);
  expect(filtered('trace', ' - ')).toHaveLength(4);
});

test('the rows in the page cover what is seen, and are few however long the list', () => {
  const size = fc.integer({ min: 0, max: 100_000 });
  fc.assert(
    fc.property(size, fc.integer({ min: 0, max: 3_000_000 }), fc.integer({ min: 0, max: 2000 }), (count, scrollTop, height) => {
      const { first, end } = visibleRows(count, 24, scrollTop, height);
      expect(first).toBeLessThanOrEqual(end);
      expect(end - first).toBeLessThanOrEqual(height / 24 + 26);
      const seen = { first: Math.floor(scrollTop / 24), last: Math.ceil((scrollTop + height) / 24) - 1 };
      if (seen.last < count && height > 0) expect([first <= seen.first, end > seen.last]).toEqual([true, true]);
      expect(end).toBeLessThanOrEqual(count);
    }),
  );
});
