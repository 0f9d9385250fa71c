import { expect, jest, test } from '@jest/globals';
import { KINDS, parseRoom } from '../../shared/rooms.js';
import type { LineFilter } from '../../shared/schemas.js';
import { get } from '../../test/support/http.js';
import { openMemoryHub } from '../../test/support/memory-hub.js';
import { testScope } from '../../test/support/scope.js';
import { connectClient } from '../../test/support/stock-client.js';
import { mintToken, SECRET } from '../../test/support/token.js';
import { waitFor } from '../../test/support/wait.js';
import { Subscriptions, type SubscriptionsOptions } from './subscriptions.js';
import type { HubSocket, PrincipalHolder } from './types.js';

const scope = testScope();
const openHub = () => openMemoryHub(scope, { viewSharePercent: 1, tokenSecret: SECRET, guests: 'on' });

test('[P140] guests of one address have a share of a room’s views together, whatever they connect with; a user has one beside them', async () => {
  const hub = await openHub();
  const room = 'metrics:web';
  const refused = { ok: false, error: { code: 'too_many_views', retry: 'later', retryAfterMs: 5_000 } };
  const [first, second, third] = await Promise.all([1, 2, 3].map(() => connectClient(scope, hub.url)));
  await first!.expectOk('subscribe', { room, series: ['a'] });
  await second!.expectOk('subscribe', { room, series: ['b'] });
  expect(await third!.ask('subscribe', { room, series: ['c'] })).toMatchObject(refused);
  await third!.expectOk('subscribe', { room, series: ['b'] });
  expect(await get(`${hub.url}/api/rooms/${room}/events?series=c`)).toMatchObject({ status: 429, body: { error: refused.error } });
  const user = await connectClient(scope, hub.url, { auth: { token: await mintToken({}, { sub: 'ada' }) } });
  await user.expectOk('subscribe', { room, series: ['c'] });
  first!.socket.disconnect();
  await waitFor(async () => (await third!.ask('subscribe', { room, series: ['c'] })).ok === true);
});

test('[P140] the same of a log room’s filters', async () => {
  const hub = await openHub();
  const room = 'logs:web';
  const clients = await Promise.all([1, 2, 3, 4, 5, 6].map(() => connectClient(scope, hub.url)));
  const last = clients.pop()!;
  for (const [n, client] of clients.entries()) await client.expectOk('subscribe', { room, filter: { text: `${n}` } });
  expect(await last.ask('subscribe', { room, filter: { text: '6' } })).toMatchObject({ error: { code: 'too_many_views' } });
  expect(await get(`${hub.url}/api/rooms/${room}/messages?text=6&wait=1`)).toMatchObject({ status: 429 });
  await clients[0]!.expectOk('unsubscribe', { room });
  await last.expectOk('subscribe', { room, filter: { text: '6' } });
});

test('a subscription whose connection ends before it has begun gives its filter’s place back', async () => {
  const parsed = parseRoom('logs:web', KINDS);
  let find = () => {};
  const found = new Promise<void>((resolve) => {
    find = resolve;
  });
  const givenBack = jest.fn();
  const left = jest.fn();
  const feed = { room: parsed.room, epoch: 'e', last: 0 };
  const lease = { channel: { parsed, lease: { feed }, view: undefined, members: new Set() }, release: left };
  const rooms = {
    parse: () => parsed,
    admit: async () => parsed,
    present: async () => ({ count: 1 }),
    startLines: async () => {
      await found;
      const group = { room: parsed.room, stands: { epoch: 'e', seq: 0 } };
      return { start: { recovered: false, entries: [], at: { epoch: 'e', seq: 0 } }, lease: { group, name: '/1', release: givenBack } };
    },
  };
  const options = {
    rooms,
    channels: { acquire: async () => lease },
    feeds: { reads: {} },
    presence: { join: () => {}, leave: () => {} },
    roomsPerConnection: 0,
    unsentLimitBytes: 1,
  };
  const filter: LineFilter = { text: 'a' };
  const subscriptions = new Subscriptions(
    { id: 's', data: {} } as unknown as HubSocket,
    { principal: { user: { id: 'u', name: 'u' } } } as PrincipalHolder,
    options as unknown as SubscriptionsOptions,
  );
  const subscribed = subscriptions.subscribe({ room: parsed.room, filter });
  subscriptions.close();
  find();
  await expect(subscribed).rejects.toMatchObject({ code: 'closing' });
  expect([givenBack.mock.calls.length, left.mock.calls.length]).toEqual([1, 1]);
});
