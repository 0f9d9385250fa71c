import { expect, test } from '@jest/globals';
import type { PresenceUsers } from '../shared/protocol.js';
import { startCluster } from './support/cluster.js';
import { get } from './support/http.js';
import { startHub } from './support/hub-process.js';
import { testScope } from './support/scope.js';
import { connectClient, type StockClient } from './support/stock-client.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const GRACE_MS = { ROOMCAST_PRESENCE_GRACE_MS: '300' };
interface Change {
  room: string;
  joined: { id: string }[];
  left: { id: string }[];
  count: number;
}

const changes = (client: StockClient): Change[] =>
  client.heard.flatMap(({ event, args }) => (event === 'presence' ? [args[0] as Change] : []));
const rosterOf = async (client: StockClient, room: string) => {
  const { users } = await client.expectOk<PresenceUsers>('presence', { room });
  return users!.map(({ name }) => name).sort();
};

test('presence and typing go over instances, and several tabs are one user', async () => {
  const { hubs } = await startCluster(scope, { instances: 2, env: GRACE_MS });
  const room = 'chat:cafe';
  const guestKey = 'abcdefgh12345678';
  const ann = await connectClient(scope, hubs[0]!.url, { auth: { name: 'Ann' } });
  await ann.subscribe(room);
  const bobs = await Promise.all(hubs.map(({ url }) => connectClient(scope, url, { auth: { name: 'Bob', guestKey } })));
  expect(bobs[0]!.welcome.user.id).toBe(bobs[1]!.welcome.user.id);
  for (const bob of bobs) await bob.subscribe(room);
  const bobId = bobs[0]!.welcome.user.id;

  await waitFor(() => changes(ann).some(({ joined }) => joined.some(({ id }) => id === bobId)), { what: 'Bob to be seen joining' });
  for (const client of [ann, ...bobs]) {
    expect(await waitFor(async () => (await rosterOf(client, room)).length === 2 && rosterOf(client, room))).toEqual(['Ann', 'Bob']);
  }
  await waitFor(() => {
    bobs[1]!.say('typing', { room });
    return ann.heard.some(({ event }) => event === 'typing');
  });
  expect(ann.heard.find(({ event }) => event === 'typing')!.args[0]).toMatchObject({ room, user: { id: bobId, name: 'Bob' } });

  bobs[0]!.socket.disconnect();
  const carl = await connectClient(scope, hubs[1]!.url, { auth: { name: 'Carl' } });
  await carl.subscribe(room);
  await waitFor(() => changes(ann).some(({ joined }) => joined.some(({ id }) => id === carl.welcome.user.id)));
  expect(changes(ann).flatMap(({ left }) => left)).toEqual([]);
  bobs[1]!.socket.disconnect();
  await waitFor(() => changes(ann).some(({ left }) => left.some(({ id }) => id === bobId)), { what: 'Bob to be seen leaving' });
  expect(changes(ann).at(-1)!.count).toBe(2);
});

test('the members of an instance that was killed are gone after their lease', async () => {
  const { hubs } = await startCluster(scope, { instances: 2, env: { ...GRACE_MS, ROOMCAST_PRESENCE_LEASE_MS: '1500' } });
  const [gone, stays] = [
    await connectClient(scope, hubs[0]!.url, { auth: { name: 'Gone' }, reconnection: false }),
    await connectClient(scope, hubs[1]!.url, { auth: { name: 'Stays' } }),
  ];
  await gone.subscribe('chat:lease');
  await stays.subscribe('chat:lease');
  await waitFor(async () => (await rosterOf(stays, 'chat:lease')).length === 2);
  hubs[0]!.signal('SIGKILL');
  await waitFor(async () => (await rosterOf(stays, 'chat:lease')).join() === 'Stays', { what: 'the dead to be gone' });
});

test('who comes back within the grace time makes no leave and no join', async () => {
  const hub = await startHub(scope, { env: { ROOMCAST_PRESENCE_GRACE_MS: '20000' } });
  const watcher = await connectClient(scope, hub.url, { auth: { name: 'Watcher' } });
  await watcher.subscribe('chat:grace');
  const auth = { name: 'Flaky', guestKey: 'flakyflakyflaky1' };
  const flaky = await connectClient(scope, hub.url, { auth });
  await flaky.subscribe('chat:grace');
  await waitFor(() => changes(watcher).length > 0);
  flaky.socket.io.engine.close();
  await waitFor(() => flaky.socket.connected && flaky.heard.filter(({ event }) => event === 'welcome').length === 2);
  await flaky.subscribe('chat:grace');
  const barrier = await connectClient(scope, hub.url, { auth: { name: 'Barrier' } });
  await barrier.subscribe('chat:grace');
  await waitFor(() => changes(watcher).some(({ joined }) => joined.some(({ id }) => id === barrier.welcome.user.id)));
  const flakyId = flaky.welcome.user.id;
  expect(
    changes(watcher)
      .flatMap(({ joined, left }) => [...joined, ...left])
      .filter(({ id }) => id === flakyId),
  ).toHaveLength(1);
});

test('a room of a kind that only counts gives its count and no names', async () => {
  const hub = await startHub(scope);
  const client = await connectClient(scope, hub.url);
  expect((await client.subscribe('metrics:any')).presence).toEqual({ count: 1 });
  expect((await get(`${hub.url}/api/rooms/metrics:any/presence`)).body).toEqual({ room: 'metrics:any', count: 1 });
  expect((await client.subscribe('user:nobody').catch((error) => error.wire.code)) as unknown).toBe('forbidden');
});
