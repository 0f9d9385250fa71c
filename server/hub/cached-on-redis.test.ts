import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { get, send } from '../../test/support/http.js';
import { openMemoryHub } from '../../test/support/memory-hub.js';
import { startRedis, type TestRedis } from '../../test/support/redis.js';
import { fileScope, testScope } from '../../test/support/scope.js';
import { connectClient } from '../../test/support/stock-client.js';
import { waitFor } from '../../test/support/wait.js';
import type { StartedHub } from '../start-hub.js';

const file = fileScope();
const scope = testScope();
let redis: TestRedis;
let here: StartedHub;
let there: StartedHub;
beforeAll(async () => {
  redis = await startRedis();
  // What is wrongly kept stays wrong for an hour.
  const options = { store: 'redis', redisUrl: redis.url, cacheTtlMs: 3_600_000, presenceGraceMs: 0 } as const;
  [here, there] = await Promise.all([openMemoryHub(file, options), openMemoryHub(file, options)]);
});
afterAll(() => redis.stop());

const roomsOf = async (hub: StartedHub, prefix: string): Promise<string[]> =>
  (await get(`${hub.url}/api/rooms?prefix=${prefix}`)).body.rooms.map(({ room }: { room: string }) => room);
const usersOf = async (hub: StartedHub, room: string): Promise<string[]> =>
  (await get(`${hub.url}/api/rooms/${room}/presence`)).body.users.map(({ name }: { name: string }) => name);

test('a page shows what any instance acknowledged before it was asked for', async () => {
  const path = '/api/rooms/chat:both/messages';
  for (let n = 1; n <= 20; n++) {
    const [to, other] = n % 2 ? [here, there] : [there, here];
    expect((await send('POST', to.url + path, { data: n })).status).toBe(201);
    for (const hub of [other, to]) expect((await get(`${hub.url}${path}?limit=1`)).body.messages[0].data).toBe(n);
  }
});

test('a new room is in the list at once where it was published to, and soon elsewhere', async () => {
  for (const hub of [here, there, here, there]) expect(await roomsOf(hub, 'chat:soon')).toEqual([]);
  await send('POST', `${here.url}/api/rooms/chat:soon-1/messages`, { data: 1 });
  expect(await roomsOf(here, 'chat:soon')).toEqual(['chat:soon-1']);
  await waitFor(async () => (await roomsOf(there, 'chat:soon')).length === 1);
});

test('who comes in is soon on the pages of every instance that has somebody in the room', async () => {
  const join = async (hub: StartedHub, name: string) => (await connectClient(scope, hub.url, { auth: { name } })).subscribe('chat:met');
  await join(there, 'Ann');
  await waitFor(async () => (await usersOf(there, 'chat:met')).length === 1);
  await join(here, 'Bob');
  for (const hub of [here, there]) await waitFor(async () => (await usersOf(hub, 'chat:met')).length === 2);
});
