import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { countDecoded, handlerContext } from '../../../test/support/job-context.js';
import { fold, wordsOf } from './fold.js';
import { searchInput } from './inputs.js';
import { excerpt, run } from './search.js';

const ROOM = 'chat:x';
const search = (context: ReturnType<typeof handlerContext>['context'], query: string, limit = 50) =>
  run(searchInput.parse({ room: ROOM, query, limit }), context);

test('finds messages that have all the words, whatever their case, accents and order, newest first', async () => {
  const { say, context } = handlerContext();
  await say(ROOM, 'text', { text: 'Der Café-Besuch in ZÜRICH' });
  await say(ROOM, 'text', { text: 'nur cafe' });
  await say(ROOM, 'text', { text: 'Zürich hat ein cafÉ' });
  await say(ROOM, 'text', 'zurich: a plain string, CAFE');
  await say(ROOM, 'custom', { n: 1 });
  const { hits, scanned, total, more } = await search(context, 'zürich CAFE');
  expect(hits.map(({ text }) => text)).toEqual(['zurich: a plain string, CAFE', 'Zürich hat ein cafÉ', 'Der Café-Besuch in ZÜRICH']);
  expect({ scanned, total, more }).toEqual({ scanned: 5, total: 5, more: false });
});

test('edited messages are found by what they say now, deleted ones not at all', async () => {
  const { say, context } = handlerContext();
  const edited = await say(ROOM, 'text', { text: 'apple' });
  const deleted = await say(ROOM, 'text', { text: 'apple pie' });
  const twice = await say(ROOM, 'text', { text: 'first' });
  await say(ROOM, 'edit', { target: edited, text: 'pear' });
  await say(ROOM, 'edit', { target: twice, text: 'second pear' });
  await say(ROOM, 'edit', { target: deleted, text: 'pear pie' });
  await say(ROOM, 'delete', { target: deleted });
  await say(ROOM, 'edit', { target: twice, text: 'third pear' });
  expect((await search(context, 'apple')).hits).toEqual([]);
  expect((await search(context, 'pear')).hits).toMatchObject([
    { position: twice, text: 'third pear', edited: true },
    { position: edited, text: 'pear', edited: true },
  ]);
});

test('revisions of messages that are not there, or of another epoch, change nothing', async () => {
  const { say, context } = handlerContext();
  const position = await say(ROOM, 'text', { text: 'here' });
  await say(ROOM, 'delete', { target: `other:${position.split(':')[1]}` });
  await say(ROOM, 'delete', { target: 'nonsense' });
  await say(ROOM, 'edit', { nothing: 1 });
  await say(ROOM, 'delete', 7);
  expect((await search(context, 'here')).hits).toHaveLength(1);
});

test('a deletion is told whatever its id says', async () => {
  const { say, log, context } = handlerContext();
  const target = await say(ROOM, 'text', { text: 'apple' });
  const deletion = {
    room: ROOM,
    id: '","type":"text","type":"text',
    type: 'delete',
    from: { id: 'ann', name: 'Ann' },
    data: { target },
  } as const;
  await log.append(deletion, { messages: 0, ttlMs: 0 });
  expect((await search(context, 'apple')).hits).toEqual([]);
});

test('the lines of a log message are searched one by one', async () => {
  const { say, context } = handlerContext();
  await say(ROOM, 'lines', { lines: [{ text: 'error in disk' }, { text: 'all fine' }] });
  expect((await search(context, 'error disk')).hits).toMatchObject([{ text: 'error in disk', type: 'lines' }]);
  expect((await search(context, 'error fine')).hits).toEqual([]);
});

test('stops at the limit and says that there may be more', async () => {
  const { say, context } = handlerContext();
  for (let n = 0; n < 10; n++) await say(ROOM, 'text', { text: `word ${n}` });
  const { hits, more, scanned } = await search(context, 'word', 3);
  expect(hits.map(({ text }) => text)).toEqual(['word 9', 'word 8', 'word 7']);
  expect({ more, scanned }).toEqual({ more: true, scanned: 3 });
});

test('hits are shown while the search goes on', async () => {
  const { say, context, progress } = handlerContext();
  for (let n = 0; n < 1_200; n++) await say(ROOM, 'text', { text: n % 600 === 0 ? 'needle' : 'hay' });
  await search(context, 'needle');
  expect(progress.map(({ done }) => done)).toEqual([1000 / 1200, 1]);
  expect(progress.map(({ data }) => (data as { hits: unknown[] }).hits.length)).toEqual([1, 2]);
});

test('a search that finds nothing says so at its end', async () => {
  const { say, context, progress } = handlerContext();
  for (let n = 0; n < 1_200; n++) await say(ROOM, 'text', { text: 'hay' });
  await search(context, 'needle');
  expect(progress).toMatchObject([{ done: 1, note: '0 found in 1200 of 1200 messages' }]);
});

test('a search that is stopped ends', async () => {
  const { say, context, abort } = handlerContext();
  await say(ROOM, 'text', { text: 'word' });
  abort.abort(new Error('enough'));
  await expect(search(context, 'word')).rejects.toThrow('enough');
});

test.each([[''], ['   '], ['!?'], ['.*'], ['x'.repeat(201)]])('the query %p is refused', (query) => {
  expect(searchInput.safeParse({ room: ROOM, query }).success).toBe(false);
});

test('texts that people read as one fold to one', () => {
  for (const [a, b] of [
    ['STRASSE', 'straße'],
    ['ΟΔΟΣ', 'οδος'],
    ['İstanbul', 'istanbul'],
    ['ﬁn', 'FIN'],
    ['Ångström', 'angstrom'],
    ['ЁЖИК', 'ежик'],
    ['שָׁלוֹם', 'שלום'],
    ['مُحَمَّد', 'محمد'],
    ['ＡＢＣ１２３', 'abc123'],
    ['ｶﾞｲﾄﾞ', 'ガイド'],
    ['한국', '\u1112\u1161\u11ab\u1100\u116e\u11a8'],
  ]) {
    expect(fold(a!)).toBe(fold(b!));
  }
});

test('letters that differ by more than an accent stay different', () => {
  for (const [text, part] of [
    ['ガイド', 'カイト'],
    ['한국', '하구'],
    ['की', 'का'],
    ['ที่', 'ทา'],
  ]) {
    expect(fold(text!)).not.toContain(fold(part!));
  }
  expect(fold('가')).not.toContain(fold('\u1100'));
});

test.each([
  ['京タワ', '東京タワーへ行く'],
  ['明天', '我们明天见'],
  ['국어 한', '한국어를 공부한다'],
  ['हिन्दी', 'मैं हिन्दी बोलता हूँ'],
  ['a.c', 'a then c'],
  ['(x', 'f(x)'],
  ['C:\\temp', 'in C:\\temp\\new'],
])('%p is found in %p: parts of words, in any script, and no character is special', async (query, text) => {
  const { say, context } = handlerContext();
  await say(ROOM, 'text', { text });
  await say(ROOM, 'text', { text: 'another' });
  expect((await search(context, query)).hits.map((hit) => hit.text)).toEqual([text]);
});

test('folding twice is folding once, and a text has its own words', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(fold(fold(text))).toBe(fold(text));
      for (const word of wordsOf(text)) expect(fold(text)).toContain(word);
    }),
  );
});

test('an excerpt shows the found word, is bounded, and cuts no character in two', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 0, max: 600 }), (before, after) => {
      const text = `${'😀a'.repeat(before)} needle ${'b😀'.repeat(after)}`;
      const shown = excerpt(text, ['needle']);
      expect(shown).toContain('needle');
      expect(shown.length).toBeLessThanOrEqual(242);
      expect(shown.isWellFormed?.() ?? true).toBe(true);
    }),
  );
});

test('a message is found by each of its words, whatever characters stand around them', async () => {
  const text = fc.array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('Café', 'ΟΔΟΣ', 'straße', 'e\u0301t\u00e9', '한국', '\u1161', 'ガ', '\u3099', 'हि', '"', '\\', '\n'),
    ),
  );
  await fc.assert(
    fc.asyncProperty(text, fc.boolean(), async (parts, asLines) => {
      const { say, context } = handlerContext();
      const said = parts.join('');
      await say(ROOM, asLines ? 'lines' : 'text', asLines ? { lines: [{ text: 'first' }, { text: said }] } : { text: said });
      for (const word of wordsOf(said)) expect([word, (await search(context, word.slice(0, 100))).hits.length]).toEqual([word, 1]);
    }),
  );
});

test('a message that cannot be a hit is not decoded', async () => {
  const { say, context } = handlerContext();
  await say(ROOM, 'text', { text: 'nothing of the sort' });
  await say(ROOM, 'text', { text: 'a needle' });
  const decoded = countDecoded(context);
  expect((await search(context, 'needle')).hits).toHaveLength(1);
  expect((await search(context, 'hay')).hits).toEqual([]);
  expect([...decoded]).toEqual([2]);
});
