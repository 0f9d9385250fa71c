import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { splitAnsi } from './log-ansi.js';

test('colours become spans of the clean text, each with what is in force there', () => {
  expect(splitAnsi('\u001b[31mERROR\u001b[0m out of \u001b[1m\u001b[38;5;0mspace\u001b[m!')).toEqual({
    text: 'ERROR out of space!',
    spans: [
      [0, 5, '31'],
      [13, 18, '1;38;5;0'],
    ],
  });
  expect(splitAnsi('\u001b[1mbold \u001b[0;32mgreen')).toEqual({
    text: 'bold green',
    spans: [
      [0, 5, '1'],
      [5, 10, '32'],
    ],
  });
  expect(splitAnsi('plain')).toEqual({ text: 'plain', spans: [] });
});

test.each([
  ['\u001b[2K\u001b[1Gcursor', 'cursor'],
  ['\u001b]0;a title\u0007titled', 'titled'],
  ['\u001b]8;;https://x.example\u001b\\link\u001b]8;;\u001b\\', 'link'],
  ['\u001b(Bset\u001b7\u001b8', 'set'],
  ['\u009b31mred', 'red'],
  ['\u001b]no end of it', 'no end of it'],
  ['\u001b[12', '12'],
  ['\u001b[>4;1mkept', 'kept'],
  ['é\u001b', 'é'],
])('%j is %j', (given, text) => {
  expect(splitAnsi(given).text).toBe(text);
});

test('a line of colours only keeps a bounded part of them, and all of its text', () => {
  const { text, spans } = splitAnsi('\u001b[38;2;1;2;3mx'.repeat(1_000));
  expect(text).toBe('x'.repeat(1_000));
  expect(spans.length).toBe(200);
  expect(Math.max(...spans.map(([, , sgr]) => sgr.length))).toBeLessThanOrEqual(64);
  expect(splitAnsi('\u001b[1mx'.repeat(10_000))).toEqual({ text: 'x'.repeat(10_000), spans: [] });
});

test('whatever comes, no escape is left, the spans lie within the text, and the time grows with the length only', () => {
  const unit = fc.constantFrom('\u001b', '\u009b', '[', ']', '\u0007', '0', '1', ';', 'm', 'K', '(', 'a', '\\', '😀');
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 40 }), (given) => {
      const { text, spans } = splitAnsi(given);
      expect(['\u001b', '\u009b'].filter((char) => text.includes(char))).toEqual([]);
      let last = 0;
      for (const [from, to] of spans) {
        expect(from).toBeGreaterThanOrEqual(last);
        expect(to).toBeGreaterThan(from);
        last = to;
      }
      expect(last).toBeLessThanOrEqual(text.length);
    }),
    { numRuns: 2_000 },
  );
  const begun = process.cpuUsage();
  for (const part of ['\u001b', '\u001b]', '\u001b[0', '\u001b[ ', '\u001bP', '\u001b[1m']) splitAnsi(part.repeat(30_000));
  splitAnsi(`\u001b]${'x'.repeat(100_000)}`);
  expect(process.cpuUsage(begun).user).toBeLessThan(2e6);
});
