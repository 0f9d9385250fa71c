import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LogLine } from '../../../shared/schemas.js';
import { ansiStyle } from './ansi.js';
import { compileWritten, hubFilter, type LEVELS, termsOf, withField, wordsOf } from './line-filter.js';
import { fieldTexts, segmentsOf } from './line-segments.js';
import { LogTail } from './log-tail.js';
import { Tail } from './tail.js';
import { visibleRows } from './virtual.js';

const add = (tail: LogTail, ...lines: LogLine[]) => tail.add([{ lines, time: 1000 }]);
const shownOf = ({ shown }: LogTail) => shown.slice(0, shown.length);
const texts = (tail: LogTail) => shownOf(tail).map(({ line }) => line.text);
const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, i) => ({ text: `${from + i}` }));

test('lines follow each other under rising ids, and one without a time has that of its message', () => {
  const tail = new LogTail();
  add(tail, { text: 'a', time: 5 });
  add(tail, { text: 'b' }, { text: 'c' });
  expect(shownOf(tail).map(({ id, time, line }) => [id, time, line.text])).toEqual([
    [1, 5, 'a'],
    [2, 1000, 'b'],
    [3, 1000, 'c'],
  ]);
});

test('only so many lines are held, the newest, also of those that wait', () => {
  const tail = new LogTail(100);
  add(tail, ...numbered(150));
  expect([tail.length, texts(tail).at(0), texts(tail).at(-1)]).toEqual([100, '50', '149']);
  tail.pause();
  add(tail, ...numbered(130, 150));
  expect([tail.length, tail.waiting, texts(tail).at(-1)]).toEqual([100, 100, '149']);
});

test('what comes while paused is shown with the end of the pause, nothing is lost or doubled', () => {
  const tail = new LogTail();
  add(tail, { text: 'a' });
  tail.pause();
  tail.pause();
  add(tail, { text: 'b' });
  expect([texts(tail), tail.waiting]).toEqual([['a'], 1]);
  tail.resume();
  tail.resume();
  expect([texts(tail), tail.waiting]).toEqual([['a', 'b'], undefined]);
});

test('a filter shows the newest lines at once, older ones as they are looked at, and lines to come', () => {
  const tail = new LogTail();
  add(tail, ...numbered(20_000));
  const even = ({ text }: LogLine) => Number(text) % 2 === 0;
  tail.filter(even);
  expect([texts(tail).at(0), texts(tail).at(-1)]).toEqual(['4000', '19998']);
  add(tail, ...numbered(2, 20_000));
  while (tail.scan());
  expect(texts(tail)).toEqual(
    numbered(20_002)
      .filter(even)
      .map(({ text }) => text),
  );
  tail.filter(undefined);
  expect(tail.shown.length).toBe(20_002);
  tail.clear();
  expect([tail.length, tail.shown.length]).toEqual([0, 0]);
});

test('whatever is added, filtered, cleared and paused: what is shown are the held lines that pass, in order', () => {
  const act = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 30 }) },
    fc.constantFrom('filter', 'unfilter', 'pause', 'resume', 'clear', 'scan'),
  );
  const third = ({ text }: LogLine) => Number(text) % 3 === 0;
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const tail = new LogTail(50);
      let filtered = false;
      acts.forEach((one, n) => {
        if (typeof one === 'number') add(tail, ...numbered(one, n * 100));
        else if (one === 'filter' || one === 'unfilter') {
          filtered = one === 'filter';
          tail.filter(filtered ? third : undefined);
        } else tail[one]();
      });
      tail.resume();
      while (tail.scan());
      const shown = texts(tail);
      tail.filter(undefined);
      expect(shown).toEqual(filtered ? texts(tail).filter((text) => third({ text })) : texts(tail));
      expect(shown.length).toBeLessThanOrEqual(50);
    }),
  );
});

test('a tail holds the newest items, and takes older ones as far as there is room', () => {
  const tail = new Tail<number>(5);
  for (const item of [1, 2, 3]) tail.push(item);
  tail.unshift([-2, -1, 0]);
  expect(tail.slice(0, tail.length)).toEqual([-1, 0, 1, 2, 3]);
  for (let item = 4; item < 100; item++) tail.push(item);
  expect([tail.length, tail.at(0), tail.at(4), tail.at(5), tail.at(-1), tail.firstNot((item) => item < 97)]).toEqual([
    5,
    95,
    99,
    undefined,
    undefined,
    2,
  ]);
});

const LINES: LogLine[] = [
  { text: 'Started', level: 'info', source: 'hub' },
  { text: 'slow answer', level: 'warn', fields: { path: '/api/rooms', ms: 812, user: { id: 'u1' } } },
  { text: 'no level' },
  { text: 'failed', level: 'error', fields: { path: '/api/jobs', note: 'two words' } },
];
const passing = (level: (typeof LEVELS)[number], text: string) =>
  LINES.filter(compileWritten({ level, text }) ?? (() => true)).map((line) => line.text);

test('a filter takes the urgent enough lines with all of its words and fields and none of the excluded ones', () => {
  expect(passing('trace', '')).toHaveLength(4);
  expect(passing('warn', '')).toEqual(['slow answer', 'failed']);
  expect(passing('info', 'path=/api* ms=812')).toEqual(['slow answer']);
  expect(passing('info', 'path=/api* -path=*jobs')).toEqual(['slow answer']);
  expect(passing('trace', 'SLOW answer')).toEqual(['slow answer']);
  expect(passing('trace', '-"slow answer" -level')).toEqual(['Started', 'failed']);
  expect(passing('trace', 'source=h* user.id=u1')).toEqual([]);
  expect(passing('trace', 'user.id=u1')).toEqual(['slow answer']);
  expect(passing('trace', ' - ')).toHaveLength(4);
  expect(wordsOf('Two "WORDS more" -not path=x')).toEqual(['two', 'words more']);
});

test('a field of a line becomes a part of the filter that passes that line', () => {
  expect(termsOf(withField('a', 'note', 'two "words"', true))).toMatchObject([
    { word: 'a' },
    { absent: true, field: 'note', value: 'two *words*' },
  ]);
  expect(passing('trace', withField('', 'note', 'two words', false))).toEqual(['failed']);
});

test('what the hub is asked to hold lines against never leaves out what the filter passes', () => {
  expect(hubFilter({ level: 'trace', text: '-a' })).toEqual({});
  expect(hubFilter({ level: 'warn', text: 'slow longest path=/api* source=web -x "a*b"' })).toEqual({
    level: 'warn',
    text: 'longest',
    source: 'web',
    fields: { path: '/api*' },
  });
  expect(hubFilter({ level: 'trace', text: `x=${'*'.repeat(9)} ${'y'.repeat(300)}` })).toEqual({});
});

test('a line is cut where its colours change and around what is searched for', () => {
  const line = { text: 'ok failed Fail', fields: { ansi: [[3, 9, '1;31']], path: '/', n: 1 } };
  expect(segmentsOf(line, ['fail']).map(({ text, style, marked }) => [text, style?.classes ?? '', marked])).toEqual([
    ['ok ', '', false],
    ['fail', 'ansi-bold ansi-1', true],
    ['ed', 'ansi-bold ansi-1', false],
    [' ', '', false],
    ['Fail', '', true],
  ]);
  expect(segmentsOf({ text: 'a', fields: { ansi: 'nonsense' } }, [])).toMatchObject([{ text: 'a' }]);
  expect(segmentsOf({ text: 'x'.repeat(5000) }, [])[0]!.text).toHaveLength(1001);
  expect(fieldTexts(line)).toEqual([
    ['path', '/'],
    ['n', '1'],
  ]);
});

test('colours are those that a terminal would show', () => {
  expect(ansiStyle('1;4;92')).toEqual({ classes: 'ansi-bold ansi-underline ansi-10', colour: undefined });
  expect(ansiStyle('1;31;0;3;22')).toEqual({ classes: 'ansi-italic', colour: undefined });
  expect(ansiStyle('48;5;9;38;5;208')).toEqual({ classes: '', colour: 'rgb(255 135 0)' });
  expect(ansiStyle('38;2;1;2;300')).toEqual({ classes: '', colour: 'rgb(1 2 255)' });
  expect(ansiStyle('38;5;250').colour).toBe('rgb(188 188 188)');
  expect(ansiStyle('31;39')).toEqual({ classes: '', colour: undefined });
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
