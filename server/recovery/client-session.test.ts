import { expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import { ClientSession } from './client-session.js';
import { createMemorySessionStore } from './memory-session-store.js';
import { NO_OFFSET } from './offset.js';
import { decodeSession } from './session-state.js';
import type { SessionStore } from './session-store.js';

const MINUTE_MS = 60_000;
const place = (seq: number) => ({ epoch: 'e', seq });

async function openSession(store: SessionStore, options: { firstGeneration?: number } = {}) {
  const session = new ClientSession({
    ...{ store, pid: 'p', owner: 'one', windowMs: MINUTE_MS, leasedMs: MINUTE_MS, firstGeneration: 1, ...options },
    read: () => ({ data: {}, isWhole: true }),
  });
  await store.open('p', 'one', { user: 'ada', text: session.text() }, MINUTE_MS);
  return session;
}

async function stored(store: SessionStore) {
  const text = await store.take('p', 'one', 'ada', MINUTE_MS);
  return text === undefined ? undefined : decodeSession(text);
}

test('a room is stored when it was entered, in the offset when it began, and in neither when it was left', async () => {
  const store = createMemorySessionStore();
  const session = await openSession(store);
  await session.enter('chat:b', place(4));
  expect((await stored(store))?.rooms.get('chat:b')).toEqual({ generation: 1, start: place(4) });
  expect(session.offset()).toBe('');
  session.began('chat:b', () => place(6));
  await session.enter('chat:a', place(0));
  session.began('chat:a', () => place(1));
  // By name: clients that entered in another order have the same text.
  expect(session.offset()).toBe('1@e:1@chat:a 1@e:6@chat:b');
  expect(session.offset({ room: 'chat:b', at: place(5) })).toBe('1@e:1@chat:a 1@e:5@chat:b');
  await session.leave('chat:a');
  expect(session.offset()).toBe('1@e:6@chat:b');
  expect([...(await stored(store))!.rooms.keys()]).toEqual(['chat:b']);
});

test('each subscription to a room has a higher generation, above all that the client may have an offset of', async () => {
  const store = createMemorySessionStore();
  const session = await openSession(store, { firstGeneration: 4 });
  const generation = async () => (await stored(store))?.rooms.get('chat:a')?.generation;
  await session.enter('chat:a', place(0));
  expect(await generation()).toBe(4);
  await session.enter('chat:a', place(3));
  expect(await generation()).toBe(5);
  await session.leave('chat:a');
  await session.enter('chat:a', place(3));
  expect(await generation()).toBe(6);
});

test('a session that cannot be written is over: its messages say so, and it is removed when the store is back', async () => {
  const memory = createMemorySessionStore();
  let isAway = false;
  const whenThere =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args) => {
      if (isAway) throw new HubError('unavailable');
      return call(...args);
    };
  const store: SessionStore = { ...memory, save: whenThere(memory.save), remove: whenThere(memory.remove) };
  const session = await openSession(store);
  isAway = true;
  await expect(session.enter('chat:a', place(0))).rejects.toMatchObject({ code: 'unavailable' });
  expect(session.offset()).toBe(NO_OFFSET);
  isAway = false;
  session.renew();
  await session.enter('chat:b', place(0));
  expect(await stored(memory)).toBeUndefined();
});

test('a session that another connection took is written by that one only', async () => {
  const store = createMemorySessionStore();
  const session = await openSession(store);
  await store.take('p', 'two', 'ada', MINUTE_MS);
  await session.enter('chat:a', place(0));
  expect(session.offset()).toBe(NO_OFFSET);
  expect((await stored(store))?.rooms.size).toBe(0);
});

test('with more rooms than an offset tells of there is none', async () => {
  const session = await openSession(createMemorySessionStore());
  for (let n = 0; n < 17; n++) {
    await session.enter(`chat:${n}`, place(0));
    session.began(`chat:${n}`, () => place(0));
  }
  expect(session.offset()).toBe(NO_OFFSET);
});
