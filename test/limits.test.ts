import { expect, test } from '@jest/globals';
import type { Notice } from '../shared/protocol.js';
import { startCluster } from './support/cluster.js';
import { get } from './support/http.js';
import { startHub } from './support/hub-process.js';
import { openRawSocket } from './support/raw-socket.js';
import { testScope } from './support/scope.js';
import { connectClient, openClient, refusedClient } from './support/stock-client.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const codeOf = (answer: { ok: boolean; error?: { code: string } }) => answer.error?.code;

test('past its publications per second a connection is told to wait, and goes on later', async () => {
  const hub = await startHub(scope, { env: { ROOMCAST_PUBLISHES_PER_SECOND: '5' } });
  const client = await connectClient(scope, hub.url);
  const publish = (n: number) => client.ask('publish', { room: 'chat:x', id: `p-${n}`, data: n });
  const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => publish(n)));
  const refused = answers.filter(({ ok }) => !ok);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]).toMatchObject({ error: { code: 'rate_limited', retry: 'later', retryAfterMs: expect.any(Number) } });
  expect(answers.filter(({ ok }) => ok).length).toBeGreaterThanOrEqual(5);
  let next = 100;
  await waitFor(async () => (await publish(next++)).ok, { what: 'the limit to let it publish again', intervalMs: 100 });
  expect(client.socket.connected).toBe(true);
});

test('a flood ends its connection with a word, and nobody else notices', async () => {
  const hub = await startHub(scope, { env: { ROOMCAST_EVENTS_PER_SECOND: '20' } });
  const witness = await connectClient(scope, hub.url);
  const flood = await connectClient(scope, hub.url, { reconnection: false });
  for (let n = 0; n < 20_000 && flood.socket.connected; n++) flood.socket.emit('typing', { room: 'chat:x' });
  await waitFor(() => flood.socket.disconnected, { what: 'the flood to be cut' });
  expect(await flood.event<Notice>('notice', ({ kind }) => kind === 'closing')).toMatchObject({ error: { code: 'flood' } });
  expect(await witness.publish('chat:x', { text: 'calm' })).toMatchObject({ position: expect.any(String) });
});

test('ROOMCAST_LIMITS=off lets everything through that has a good size', async () => {
  const hub = await startHub(scope, { env: { ROOMCAST_LIMITS: 'off' } });
  const client = await connectClient(scope, hub.url);
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, (_, n) => client.ask('publish', { room: 'chat:x', id: `${n}`, data: n })),
  );
  expect(answers.filter(({ ok }) => !ok)).toEqual([]);
  expect(codeOf(await client.ask('publish', { room: 'chat:x', id: 'big', data: 'x'.repeat(300 * 1024) }))).toBe('too_large');
});

test('a connection is in so many rooms and no more, until it leaves one', async () => {
  const hub = await startHub(scope, { env: { ROOMCAST_ROOMS_PER_CONNECTION: '3' } });
  const client = await connectClient(scope, hub.url);
  for (const name of ['a', 'b', 'c', 'c']) await client.subscribe(`chat:${name}`);
  expect(codeOf(await client.ask('subscribe', { room: 'chat:d' }))).toBe('too_many_rooms');
  await client.expectOk('unsubscribe', { room: 'chat:a' });
  await client.subscribe('chat:d');
});

test('an address has so many connections on all instances together', async () => {
  const { hubs } = await startCluster(scope, { instances: 2, env: { ROOMCAST_CONNECTIONS_PER_ADDRESS: '4' } });
  const clients = [];
  for (let n = 0; n < 4; n++) clients.push(await connectClient(scope, hubs[n % 2]!.url));
  for (const { url } of hubs) expect(await refusedClient(scope, url)).toBeInstanceOf(Error);
  clients[0]!.socket.disconnect();
  const late = openClient(scope, hubs[1]!.url);
  await waitFor(() => late.socket.connected, { what: 'the place that became free' });
});

test('who connects and says nothing is cut after the time to authenticate', async () => {
  const hub = await startHub(scope, { env: { ROOMCAST_AUTHENTICATE_MS: '300' } });
  const silent = await openRawSocket(scope, hub.url, { connect: false });
  await silent.closed;
  expect((await get(`${hub.url}/healthz`)).status).toBe(200);
});
