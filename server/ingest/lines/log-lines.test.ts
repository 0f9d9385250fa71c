import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { levelInText, levelOf } from './log-level.js';
import { lineFromJson, parseLogLine, timeOf } from './log-lines.js';

const NOW = 1_700_000_000_000;

test.each([
  ['2024-05-01T10:00:00Z ERROR db: gone', 'error'],
  ['[WARN] slow', 'warn'],
  ['[ warning ] slow', 'warn'],
  ['10:00:00 info: started', 'info'],
  ['time="x" level=debug msg="hello ERROR"', 'debug'],
  ['{"level":"fatal" broken', 'fatal'],
  ['E0102 15:04:05.000000 1 main.go:1] failed', 'error'],
  ['<11>Oct 11 22:14:15 host su: failed', 'error'],
  ['2024-05-01 10:00:00,123 - app - CRITICAL - out of disk', 'fatal'],
  ['ERR something', 'error'],
  ['npm WARN deprecated', 'warn'],
  ['12:00:00.000 [main] TRACE com.x.Y - in', 'trace'],
  ['Warning: x is deprecated', 'warn'],
  ['I0102 is a part number', undefined],
  ['no information about errors here', undefined],
  ['The error was mine', undefined],
  ['ERRORS=0', undefined],
  ['<999>x', undefined],
  ['', undefined],
])('%j has the level %s', (text, level) => {
  expect(levelInText(text)).toBe(level);
});

test('levels of records are names in any case, or numbers as pino has them', () => {
  expect(['Info', 'WARNING', 'err', 'Critical', 10, 30, 35, 50, 60, 99].map(levelOf)).toEqual([
    'info',
    'warn',
    'error',
    'fatal',
    'trace',
    'info',
    'info',
    'error',
    'fatal',
    'fatal',
  ]);
  for (const value of ['constructor', '', 0, 5, -1, Number.NaN, null, {}, true]) expect(levelOf(value)).toBeUndefined();
});

test('times are numbers in any unit, or ISO 8601 with a zone', () => {
  const same = [
    NOW,
    NOW / 1e3,
    NOW * 1e3,
    NOW * 1e6,
    String(NOW),
    '2023-11-14T22:13:20Z',
    '2023-11-14 22:13:20.000+00:00',
    '2023-11-14T23:13:20,000+0100',
  ];
  expect(same.map(timeOf)).toEqual(same.map(() => NOW));
  for (const value of ['2023-11-14T22:13:20', 'soon', '', 0, -1, 1e20, '9'.repeat(40), Number.NaN, null, {}, '2023-99-99T22:13:20Z'])
    expect(timeOf(value)).toBeUndefined();
});

test('records of common loggers become lines', () => {
  expect(parseLogLine('{"level":30,"time":1700000000000,"pid":7,"msg":"up","name":"api"}', 1)).toEqual({
    text: 'up',
    time: NOW,
    level: 'info',
    source: 'api',
    fields: { pid: 7 },
  });
  expect(parseLogLine('{"severity":"ERROR","message":"down","timestamp":"2023-11-14T22:13:20Z","service":"db"}', 1)).toEqual({
    text: 'down',
    time: NOW,
    level: 'error',
    source: 'db',
  });
  expect(parseLogLine('{"text":"ours","time":5000000000,"level":"warn","source":"s","fields":{"a":1}}', 1)).toEqual({
    text: 'ours',
    time: 5e12,
    level: 'warn',
    source: 's',
    fields: { a: 1 },
  });
  expect(parseLogLine('{"a":1}', NOW)).toEqual({ text: '', time: NOW, fields: { a: 1 } });
  expect(lineFromJson(['x', 1], NOW)).toEqual({ text: '["x",1]', time: NOW });
});

test('plain lines stay as they came, with time and level where they are known', () => {
  expect(parseLogLine('  2023-11-14T22:13:20Z  ERROR x ', 1)).toEqual({
    text: '  2023-11-14T22:13:20Z  ERROR x ',
    time: 1,
    level: 'error',
  });
  expect(parseLogLine('[2023-11-14T22:13:20.000Z] hello', 1)).toEqual({ text: '[2023-11-14T22:13:20.000Z] hello', time: NOW });
  expect(parseLogLine('{ not json', NOW)).toEqual({ text: '{ not json', time: NOW });
  expect(parseLogLine(' \t', NOW)).toBeUndefined();
});

test('a key of its prototype does not become the prototype of the fields', () => {
  const line = parseLogLine('{"msg":"x","__proto__":{"polluted":1}}', NOW);
  expect(Object.getPrototypeOf(line?.fields ?? {})).toBe(Object.prototype);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test('any text is a line, in time that grows with its length only', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      const line = parseLogLine(text, NOW);
      expect(line === undefined).toBe(text.trim() === '');
    }),
  );
  const begun = process.cpuUsage();
  for (const unit of ['[', '[a', ' A', '-:', '"level', '0:', '{"a":']) parseLogLine(unit.repeat(50_000), NOW);
  const { user } = process.cpuUsage(begun);
  expect(user).toBeLessThan(2e6);
});
