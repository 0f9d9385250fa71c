import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { defineJob, JobHandlers } from './handler.js';

const input = z.strictObject({ room: z.string(), n: z.number().default(3) });
const run = () => 1;

test('a function runs on the loop, a module in a thread', () => {
  expect(defineJob({ name: 'a', input, run })).toMatchObject({ lane: 'loop', attempts: 1, backoffMs: 1_000 });
  expect(defineJob({ name: 'a', input, module: new URL('file:///x.js') })).toMatchObject({ lane: 'threads' });
});

test('the room and the key are read from parsed input', () => {
  const job = defineJob({ name: 'a', input, run, room: 'room', key: ({ room, n }) => `${room} ${n}` });
  const parsed = job.input.parse({ room: 'chat:x' });
  expect([job.roomOf(parsed), job.keyOf(parsed)]).toEqual(['chat:x', 'chat:x 3']);
  const plain = defineJob({ name: 'a', input, run });
  expect([plain.roomOf(parsed), plain.keyOf(parsed)]).toEqual([undefined, undefined]);
});

test.each([
  { name: '' },
  { name: 'Upper' },
  { name: 'a b' },
  { name: 'x'.repeat(65) },
  { attempts: 0 },
  { attempts: 1.5 },
  { attempts: 101 },
  { timeoutMs: -1 },
  { timeoutMs: Number.NaN },
  { backoffMs: 2 ** 31 },
  { resultTtlMs: Number.POSITIVE_INFINITY },
  { priority: 'urgent' as never },
  { perUserLimit: 0 },
  { concurrency: 0 },
  { concurrency: 1.5 },
  { reach: 'everybody' as never },
  { reach: 'room' as const },
  { repeat: { everyMs: 10, input: { room: 'chat:x' } } },
  { repeat: { everyMs: 60_000, input: { room: 7 as never } } },
  { repeat: { cron: 'never', input: { room: 'chat:x' } } },
])('a declaration with %j is refused', (wrong) => {
  expect(() => defineJob({ name: 'a', input, run, ...wrong })).toThrow(RangeError);
});

test('a name is taken once, and names nobody took are unknown', () => {
  const handlers = new JobHandlers([defineJob({ name: 'a', input, run })]);
  expect(() => handlers.add(defineJob({ name: 'a', input, run }))).toThrow(RangeError);
  expect(handlers.names()).toEqual(['a']);
  for (const name of ['b', '__proto__', 'constructor'])
    expect(() => handlers.get(name)).toThrow(expect.objectContaining({ code: 'unknown_job' }));
});

test('what a function gives has the type of its declared output', () => {
  const [input, output] = [z.strictObject({ room: z.string() }), z.object({ words: z.int() })];
  expect(defineJob({ name: 'right', input, output, run: ({ room }) => ({ words: room.length }) }).output).toBe(output);
  expect(defineJob({ name: 'later', input, output, run: async () => ({ words: 1 }) }).output).toBe(output);
  // @ts-expect-error words is a number
  expect(defineJob({ name: 'wrong', input, output, run: () => ({ words: 'many' }) }).output).toBe(output);
  // @ts-expect-error the input has a room alone
  expect(defineJob({ name: 'other', input, run: ({ text }) => text }).output).toBeUndefined();
});
