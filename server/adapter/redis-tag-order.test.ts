import { expect, test } from '@jest/globals';
import { TagOrder } from './redis-tag-order.js';

class Moved extends Error {
  constructor(readonly to: string | undefined = undefined) {
    super('moved');
  }
}

/** An order whose attempts end when the test says so; `begun` says what was tried, and where. */
function stage({ giveUpMs = 10_000, waitingMax = 100 } = {}) {
  const order = new TagOrder<string>({
    giveUpMs,
    waitingMax,
    redirection: (error) => (error instanceof Moved ? { to: error.to, afterMs: 0 } : undefined),
  });
  const begun: string[] = [];
  const attempts: { resolve(): void; reject(error: Error): void }[] = [];
  const give = (name: string, tag = 'room') =>
    order.run(tag, (to) => {
      begun.push(to === undefined ? name : `${name}@${to}`);
      return new Promise<string>((resolve, reject) => attempts.push({ resolve: () => resolve(name), reject }));
    });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const end = async (at: number, error?: Error) => {
    if (error) attempts[at]!.reject(error);
    else attempts[at]!.resolve();
    await settled();
  };
  return { give, begun, end };
}

test('as long as nothing moves, commands are made at once and side by side', async () => {
  const { give, begun, end } = stage();
  const all = [give('a'), give('b')];
  expect(begun).toEqual(['a', 'b']);
  await end(1);
  await end(0);
  expect(await Promise.all(all)).toEqual(['a', 'b']);
});

test('what was sent away is not overtaken by what came later, and one goes ahead', async () => {
  const { give, begun, end } = stage();
  const all = [give('a'), give('b'), give('c')];
  await end(0, new Moved());
  // It comes while others of before are not answered yet.
  all.push(give('d'));
  await end(1, new Moved());
  expect(begun).toEqual(['a', 'b', 'c']);
  await end(2, new Moved());
  expect(begun.slice(3)).toEqual(['a']);
  await end(3);
  expect(begun.slice(4)).toEqual(['b', 'c', 'd']);
  for (const at of [4, 5, 6]) await end(at);
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
});

test('those that wait go where the first one was answered', async () => {
  const { give, begun, end } = stage();
  const all = [give('a'), give('b')];
  await end(0, new Moved('there'));
  await end(1, new Moved('elsewhere'));
  expect(begun.slice(2)).toEqual(['a@there']);
  await end(2);
  expect(begun.slice(3)).toEqual(['b@there']);
  await end(3);
  expect(await Promise.all(all)).toEqual(['a', 'b']);
});

test('an answer that is an error is the command’s own, and lets the others go', async () => {
  const { give, begun, end } = stage();
  const [a, b] = [give('a'), give('b')];
  await end(0, new Moved());
  await end(1, new Moved());
  await end(2, new Error('wrong type'));
  await expect(a).rejects.toThrow('wrong type');
  expect(begun.slice(3)).toEqual(['b']);
  await end(3);
  expect(await b).toBe('b');
});

test('other tags do not wait', async () => {
  const { give, begun, end } = stage();
  void give('a');
  await end(0, new Moved());
  void give('x', 'other');
  expect(begun).toEqual(['a', 'a', 'x']);
});

test('a command that is sent away for too long is refused, and so are too many that wait', async () => {
  const late = stage({ giveUpMs: 0 });
  const refused = late.give('a');
  refused.catch(() => {});
  await late.end(0, new Moved());
  await expect(refused).rejects.toThrow('moved');

  const crowded = stage({ waitingMax: 1 });
  const first = crowded.give('a');
  const second = crowded.give('b');
  second.catch(() => {});
  await crowded.end(0, new Moved());
  await crowded.end(1, new Moved());
  await expect(second).rejects.toMatchObject({ code: 'unavailable' });
  await crowded.end(2);
  expect(await first).toBe('a');
});
