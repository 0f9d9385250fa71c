import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LineSplitter, readLines, type StreamLine } from './line-stream.js';

function split(chunks: readonly (string | Buffer)[], maxLineBytes = 100): StreamLine[] {
  const splitter = new LineSplitter(maxLineBytes);
  return [...chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk))), ...splitter.end()];
}
const texts = (lines: readonly StreamLine[]) => lines.map(({ text }) => text);

test('LF and CRLF end lines, empty ones count, a byte order mark is none of the text', () => {
  expect(split(['\uFEFFa\nb\r\n\nc\rd\n'])).toEqual([
    { text: 'a', number: 1, cut: false },
    { text: 'b', number: 2, cut: false },
    { text: '', number: 3, cut: false },
    { text: 'c\rd', number: 4, cut: false },
  ]);
  expect(split(['a\r', '\nb'])).toMatchObject([{ text: 'a' }, { text: 'b' }]);
  expect(split([])).toEqual([]);
});

test('a line that is too long keeps its beginning, in whole characters, and its successor is whole', () => {
  expect(split([`${'é'.repeat(60)}\nnext\n`], 51)).toEqual([
    { text: 'é'.repeat(25), number: 1, cut: true },
    { text: 'next', number: 2, cut: false },
  ]);
  expect(split(['abcd\r\nabcde\r\nabcd'], 4)).toEqual([
    { text: 'abcd', number: 1, cut: false },
    { text: 'abcd', number: 2, cut: true },
    { text: 'abcd', number: 3, cut: false },
  ]);
});

test('a line without end is kept in bounded memory', () => {
  const splitter = new LineSplitter(1_000);
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 4_000; i++) expect(splitter.push(Buffer.from(chunk))).toEqual([]);
  expect(splitter.end()).toEqual([{ text: 'x'.repeat(1_000), number: 1, cut: true }]);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200e6);
});

test('wherever the chunks are cut, the lines are those of the whole', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '😀', '\n', '\r', '\r\n', '\uFEFF', ' '), maxLength: 80 });
  fc.assert(
    fc.property(text, fc.array(fc.nat(), { maxLength: 12 }), fc.integer({ min: 1, max: 40 }), (body, cuts, maxLineBytes) => {
      const bytes = Buffer.from(body);
      const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
      expect(split(chunks, maxLineBytes)).toEqual(split([bytes], maxLineBytes));
      const expected = body
        .replace(/^\uFEFF/, '')
        .split('\n')
        .map((line) => line.replace(/\r$/, ''));
      const whole = split(chunks, 1_000);
      if (bytes.length > 0 && !body.startsWith('\uFEFF'))
        expect(texts(whole)).toEqual(body.endsWith('\n') ? expected.slice(0, -1) : expected);
    }),
    { numRuns: 500 },
  );
});

test('lines are read as they come', async () => {
  async function* body() {
    yield Buffer.from('a\nb');
    yield Buffer.from('c\n');
    yield Buffer.from('d');
  }
  const batches: string[][] = [];
  for await (const lines of readLines(body(), 10)) batches.push(texts(lines));
  expect(batches).toEqual([['a'], ['bc'], ['d']]);
});
