import { expect, test } from '@jest/globals';
import type { LineFilter, LogLine } from '../../shared/schemas.js';
import type { LogEntry } from '../log/room-log.js';
import { compileFilter, filterKey, linesOf } from './line-filter.js';

const LINES: readonly LogLine[] = [
  {
    text: 'Connection to db-1 timed out',
    level: 'error',
    source: 'api',
    fields: { status: 504, http: { method: 'GET' }, 'a.b': 'dotted' },
  },
  { text: 'GET /health 200', level: 'debug', source: 'api', fields: { status: 200, http: { method: 'GET' } } },
  { text: 'no level here', source: 'worker-7', fields: { retried: true, list: [1] } },
  { text: 'out of disk', level: 'fatal', source: 'db' },
];
const passed = (filter: LineFilter) => LINES.flatMap((line, index) => (compileFilter(filter)(line) ? [index] : []));

test.each<[string, LineFilter, number[]]>([
  ['nothing asked', {}, [0, 1, 2, 3]],
  ['the least level', { level: 'trace' }, [0, 1, 2, 3]],
  ['a line without a level counts as info', { level: 'info' }, [0, 2, 3]],
  ['a level and those above', { level: 'error' }, [0, 3]],
  ['text anywhere, whatever the case', { text: 'TIMED' }, [0]],
  ['text with a star', { text: 'db-*out' }, [0]],
  ['what a regular expression would take is text', { text: 'd.b' }, []],
  ['a source as it is', { source: 'worker' }, []],
  ['a source with a star', { source: 'worker-*' }, [2]],
  ['a number among the fields', { fields: { status: '5*' } }, [0]],
  ['a boolean', { fields: { retried: 'true' } }, [2]],
  ['a nested field', { fields: { 'http.method': 'GET' } }, [0, 1]],
  ['a field whose name has a dot', { fields: { 'a.b': 'dotted' } }, [0]],
  ['a field that is no value', { fields: { list: '*' } }, []],
  ['a field of every object', { fields: { constructor: '*' } }, []],
  ['all of it together', { level: 'warn', text: 'out', source: 'api', fields: { status: '504' } }, [0]],
])('[P100] a filter passes the lines that it describes: %s', (_what, filter, expected) => {
  expect(passed(filter)).toEqual(expected);
});

test('[P100] a pattern of stars against a long line of its own characters costs no more than a walk', () => {
  const filter = compileFilter({ text: `${'a*'.repeat(8)}b` });
  const line = { text: 'a'.repeat(200_000) };
  // A match that backtracks would not come to its end.
  expect(filter(line)).toBe(false);
  expect(() => compileFilter({ text: '*'.repeat(9) })).toThrow(expect.objectContaining({ code: 'invalid' }));
});

test('filters that say the same have one key', () => {
  expect(filterKey({ text: 'Time', fields: { a: '1', b: '2' } })).toBe(filterKey({ fields: { b: '2', a: '1' }, text: 'tIME' }));
  expect(filterKey({ source: 'a' })).not.toBe(filterKey({ text: 'a' }));
});

test.each([null, 5, 'x', [], {}, { lines: 1 }, { lines: [null, 5, {}, { text: 1 }] }])('what carries no lines has none: %j', (data) => {
  const entry = (type: string, value: unknown) => ({ message: { type, data: value } }) as LogEntry;
  expect(linesOf(entry('lines', data))).toEqual([]);
  expect(linesOf(entry('text', { lines: LINES }))).toEqual([]);
  expect(linesOf(entry('lines', { lines: LINES }))).toEqual(LINES);
});
