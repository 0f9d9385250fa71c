import { expect, test } from '@jest/globals';
import { type AppendBatch, gatherAppends } from './redis-appends.js';
import type { Appended } from './room-log.js';

const KEEP = { messages: 10, ttlMs: 0 };

/** A store that answers at once, and what it was sent. */
function open({ fails = () => false }: { fails?: (batch: AppendBatch) => boolean } = {}) {
  const sent: AppendBatch[] = [];
  let seq = 0;
  const append = gatherAppends(async (batch) => {
    sent.push(batch);
    if (fails(batch)) throw new Error(`no ${batch.room}`);
    const places: (Appended | undefined)[] = [];
    for (let i = 0; i < batch.args.length; i += 3) {
      const comesAfterNone = batch.args[i + 1] === 'none';
      places.push(comesAfterNone ? undefined : { entry: { epoch: 'e', seq: ++seq, time: 0 }, repeated: false });
    }
    return places;
  });
  return { sent, append };
}

const ids = ({ args }: AppendBatch) => args.filter((_, i) => i % 3 === 0);

test('the appends of one turn to one room are one command, in their order, each with its own place', async () => {
  const { sent, append } = open();
  const names = Array.from({ length: 20 }, (_, i) => `m${i}`);
  const all = Promise.all(names.map((id) => append({ room: 'chat:a', id, body: '"x"', retention: { ...KEEP } })));
  const other = append({ room: 'chat:b', id: 'b', body: '"x"', retention: KEEP });
  expect((await all).map(({ entry }) => entry.seq)).toEqual(names.map((_, i) => i + 1));
  expect((await other).entry.seq).toBe(21);
  expect(sent.map(({ room }) => room)).toEqual(['chat:a', 'chat:b']);
  expect(ids(sent[0]!)).toEqual(names);
  await append({ room: 'chat:a', id: 'later', body: '"x"', retention: KEEP });
  expect(ids(sent[2]!)).toEqual(['later']);
});

test('[P90] a message that comes after one that is not there is refused alone', async () => {
  const { append } = open();
  const add = (id: string, after?: string) => append({ room: 'chat:a', id, after, body: 'x', retention: KEEP });
  const [first, refused, last] = await Promise.allSettled([add('a'), add('b', 'none'), add('c', 'a')]);
  expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'out_of_order' } });
  expect([first, last]).toMatchObject([{ value: { entry: { seq: 1 } } }, { value: { entry: { seq: 2 } } }]);
});

test('text and binary, or another retention, are commands of their own, in the order of the appends', async () => {
  const { sent, append } = open();
  const add = (id: string, body: string | Buffer, retention = KEEP) => append({ room: 'chat:a', id, body, retention });
  const bytes = Buffer.from([1]);
  await Promise.all([add('a', 'x'), add('b', bytes), add('c', bytes), add('d', 'x'), add('e', 'x', { messages: 5, ttlMs: 0 })]);
  expect(sent.map(ids)).toEqual([['a'], ['b', 'c'], ['d'], ['e']]);
  expect(sent.map(({ text }) => text)).toEqual([true, false, true, true]);
});

test('a command carries so many messages and bytes at most', async () => {
  const { sent, append } = open();
  const add = (body: string) => append({ room: 'chat:a', id: 'x', body, retention: KEEP });
  await Promise.all([...Array.from({ length: 130 }, () => add('x')), ...Array.from({ length: 5 }, () => add('x'.repeat(600_000)))]);
  expect(sent.map((batch) => ids(batch).length)).toEqual([64, 64, 4, 2, 1]);
});

test('a command that fails fails its own messages, and makes room for others', async () => {
  const { append } = open({ fails: ({ room }) => room === 'chat:bad' });
  const add = (room: 'chat:bad' | 'chat:good') => append({ room, id: 'x', body: 'x', retention: KEEP });
  for (let round = 0; round < 3; round++) {
    const outcomes = await Promise.allSettled([add('chat:bad'), add('chat:good'), add('chat:bad')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
  }
});

test('past a bound nothing more is taken until commands are answered', async () => {
  let answer: () => void = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const append = gatherAppends(async ({ args }) => {
    await answered;
    return args.slice((args.length / 3) * 2).map(() => ({ entry: { epoch: 'e', seq: 1, time: 0 }, repeated: false }));
  });
  const add = () => append({ room: 'chat:a', id: 'x', body: 'x', retention: KEEP });
  const taken = Array.from({ length: 50_000 }, add);
  await expect(add()).rejects.toMatchObject({ code: 'unavailable' });
  answer();
  await Promise.all(taken);
  await add();
});
