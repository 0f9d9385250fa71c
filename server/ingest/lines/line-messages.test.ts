import { expect, test } from '@jest/globals';
import { HubError } from '../../../shared/errors.js';
import type { ParsedLine } from '../parsed.js';
import { LineMessages, type LineMessagesOptions } from './line-messages.js';

const linesOf = (count: number, text = 'line'): ParsedLine[] =>
  [...Array(count).keys()].map((i) => ({ line: i + 1, entry: { text: `${text} ${i}`, time: Math.random() } }));

/** Hands lines in by `batch`, and gives the ids and sizes of the messages that were stored. */
async function messagesOf(lines: readonly ParsedLine[], batch: number, options: Partial<LineMessagesOptions> = {}) {
  const stored: [id: string, lines: number][] = [];
  const messages = new LineMessages({
    key: 'k',
    store: async (given, id) => {
      stored.push([id, given.length]);
      return { accepted: given.length, refused: 0, errors: [] };
    },
    ...options,
  });
  let accepted = 0;
  for (let at = 0; at < lines.length; at += batch) accepted += (await messages.take(lines.slice(at, at + batch))).accepted;
  accepted += (await messages.end()).accepted;
  expect(accepted).toBe(lines.length);
  return stored;
}

test('a body makes the same messages however it arrives', async () => {
  const all = await messagesOf(linesOf(1_200), 1_200);
  expect(all.map(([, lines]) => lines)).toEqual([500, 500, 200]);
  expect(new Set(all.map(([id]) => id)).size).toBe(3);
  for (const [id] of all) expect(id).toMatch(/^[\w-]{43}$/);
  expect(await messagesOf(linesOf(1_200), 7)).toEqual(all);
  expect((await messagesOf(linesOf(10, 'x'.repeat(50_000)), 10)).map(([, lines]) => lines)).toEqual([3, 3, 3, 1]);
});

test('another key, other lines and a line more are other messages', async () => {
  const [[id]] = (await messagesOf(linesOf(3), 3)) as [[string, number]];
  const others = await Promise.all([
    messagesOf(linesOf(3), 3, { key: 'l' }),
    messagesOf(linesOf(3, 'other'), 3),
    messagesOf(linesOf(4), 4),
    messagesOf(linesOf(3), 3, { mark: ({ time }) => String(time) }),
  ]);
  expect(others.flat().map(([other]) => other)).not.toContain(id);
});

test('equal lines of one body are all stored', async () => {
  const stored = await messagesOf(
    linesOf(1_000).map(({ line }) => ({ line, entry: { text: 'same' } })),
    100,
  );
  expect(new Set(stored.map(([id]) => id)).size).toBe(2);
});

test('no message is stored behind one that was not', async () => {
  const tried: number[] = [];
  const messages = new LineMessages({
    key: 'k',
    store: async (lines) => {
      tried.push(lines[0]!.line);
      throw new HubError('unavailable');
    },
  });
  await expect(messages.take(linesOf(1_600))).rejects.toMatchObject({ code: 'unavailable' });
  await expect(messages.end()).rejects.toMatchObject({ code: 'unavailable' });
  expect(tried).toEqual([1]);
});
