import { request } from 'node:http';
import { beforeAll, expect, test } from '@jest/globals';
import type { Notice } from '../shared/protocol.js';
import { get, send } from './support/http.js';
import { type HubProcess, runRoomcast, startHub } from './support/hub-process.js';
import { fileScope, testScope } from './support/scope.js';
import { openSse } from './support/sse-client.js';
import { connectClient, refusedClient } from './support/stock-client.js';
import { mintToken, SECRET } from './support/token.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const file = fileScope();
let hub: HubProcess;
beforeAll(async () => {
  hub = await startHub(file, {
    env: { ROOMCAST_TOKEN_SECRET: SECRET, ROOMCAST_ORIGINS: 'https://app.example.com,https://*.wild.example' },
  });
});

const enter = async (sub: string, rooms: Record<string, string[]> = {}, more: Record<string, unknown> = {}) =>
  connectClient(scope, hub.url, { auth: { token: await mintToken({ rooms, ...more }, { sub }) } });
const bearer = async (sub: string, rooms: Record<string, string[]> = {}, more: Record<string, unknown> = {}) => ({
  authorization: `Bearer ${await mintToken({ rooms, ...more }, { sub })}`,
});

test('who has no token, a wrong one or an old one is refused with a code that asks for another', async () => {
  const other = 'another-secret-of-the-same-good-length-1234';
  const tokens = [
    undefined,
    'nonsense',
    await mintToken({}, { sub: 'ann', secret: other }),
    await mintToken({}, { sub: 'ann', expiresInS: -60 }),
    await mintToken({}, { sub: 'hub' }),
    await mintToken({ admin: 'yes' }, { sub: 'ann' }),
    `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"ann"}').toString('base64url')}.`,
  ];
  for (const token of tokens) {
    expect(await refusedClient(scope, hub.url, { auth: token === undefined ? {} : { token } })).toMatchObject({
      code: 'unauthorized',
      data: { error: { retry: 'after-auth' } },
    });
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    expect(await get(`${hub.url}/api/rooms`, headers)).toMatchObject({ status: 401, body: { error: { code: 'unauthorized' } } });
  }
});

test('a token says who its bearer is and which rooms may be read, written and ingested to', async () => {
  const ann = await enter(
    'ann',
    { read: ['chat:team-*', 'metrics:web'], write: ['chat:team-a'], ingest: ['metrics:web'] },
    { name: 'Ann' },
  );
  expect(ann.welcome.user).toEqual({ id: 'ann', name: 'Ann' });
  await ann.subscribe('chat:team-a');
  await ann.subscribe('chat:team-b');
  expect(await ann.publish('chat:team-a', { text: 'mine' })).toMatchObject({ position: expect.any(String) });
  const refused = [
    ['publish', { room: 'chat:team-b', id: '1', data: 1 }],
    ['subscribe', { room: 'chat:other' }],
    ['history', { room: 'chat:other' }],
    ['presence', { room: 'chat:other' }],
    ['subscribe', { room: 'user:bob' }],
    ['publish', { room: 'metrics:web', id: '1', data: 1 }],
  ] as const;
  for (const [event, payload] of refused) {
    expect({ event, payload, answer: await ann.ask(event, payload) }).toMatchObject({
      answer: { ok: false, error: { code: 'forbidden' } },
    });
  }
  expect(await ann.ask('subscribe', { room: 'job:somebody-elses' })).toMatchObject({ ok: false, error: { code: 'unknown_job' } });
  await ann.subscribe('user:ann');
  const headers = await bearer('ann', { ingest: ['metrics:web'] });
  const write = (bucket: string) =>
    fetch(`${hub.url}/api/v2/write?bucket=${bucket}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'text/plain' },
      body: 'cpu value=1',
    });
  expect((await write('web')).ok).toBe(true);
  expect((await write('other')).status).toBe(403);
});

test('a plain user uses what is open to anyone, a guest nothing, an admin everything', async () => {
  const plain = await enter('plain');
  await plain.subscribe('chat:lobby');
  await plain.publish('chat:lobby', { text: 'hi' });
  expect(await plain.ask('publish', { room: 'logs:api', id: '1', data: 1 })).toMatchObject({ error: { code: 'forbidden' } });
  const admin = await enter('root', {}, { admin: true });
  await admin.subscribe('user:plain');
  expect((await get(`${hub.url}/metrics`, await bearer('root', {}, { admin: true }))).status).toBeLessThan(400);
});

test('one token opens Socket.IO, HTTP and SSE, from the header or the query', async () => {
  const token = await mintToken({}, { sub: 'eve' });
  const auth = { authorization: `Bearer ${token}` };
  expect((await get(`${hub.url}/api/rooms`, auth)).status).toBe(200);
  expect((await get(`${hub.url}/api/rooms?access_token=${token}`)).status).toBe(200);
  expect((await send('POST', `${hub.url}/api/rooms/chat:x/messages`, { data: 1 }, auth)).status).toBe(201);
  expect((await openSse(scope, `${hub.url}/api/rooms/chat:x/events?access_token=${token}`)).status).toBe(200);
  expect((await openSse(scope, `${hub.url}/api/rooms/chat:x/events`)).status).toBe(401);
  const byHeader = await connectClient(scope, hub.url, { extraHeaders: auth });
  expect(byHeader.welcome.user.id).toBe('eve');
});

test('a connection ends with its token, unless it was given a fresh one of the same user', async () => {
  const connect = async (expiresInS: number) =>
    connectClient(scope, hub.url, { auth: { token: await mintToken({}, { sub: 'ann', expiresInS }) }, reconnection: false });
  const staying = await connect(4);
  const fresh = await mintToken({}, { sub: 'ann', expiresInS: 3_600 });
  expect(await staying.expectOk('auth:refresh', { token: fresh })).toMatchObject({ expiresAt: expect.any(Number) });
  expect(await staying.ask('auth:refresh', { token: await mintToken({}, { sub: 'bob' }) })).toMatchObject({ error: { code: 'forbidden' } });
  expect(await staying.ask('auth:refresh', { token: 'nonsense' })).toMatchObject({ error: { code: 'unauthorized' } });
  // It was let in later, so when its time is over that of the other one's first token is over too.
  const leaving = await connect(4);
  expect(leaving.welcome.expiresAt).toBeGreaterThanOrEqual(staying.welcome.expiresAt!);
  await waitFor(() => leaving.socket.disconnected, { what: 'the end of the expired connection' });
  expect(await leaving.event<Notice>('notice', ({ kind }) => kind === 'closing')).toMatchObject({ error: { code: 'unauthorized' } });
  expect(await staying.publish('chat:lobby', { text: 'still here' })).toMatchObject({ position: expect.any(String) });
});

test('a token with fewer rights takes away the rooms that it does not grant', async () => {
  const ann = await enter('ann', { read: ['chat:*'], write: ['chat:*'] });
  await ann.subscribe('chat:kept');
  await ann.subscribe('chat:lost');
  await ann.expectOk('auth:refresh', { token: await mintToken({ rooms: { read: ['chat:kept'], write: ['chat:kept'] } }, { sub: 'ann' }) });
  const writer = await enter('bob');
  await writer.publish('chat:lost', { text: 'secret' });
  await writer.publish('chat:kept', { text: 'barrier' }, { id: 'barrier' });
  await ann.hears('barrier');
  expect(ann.of('chat:lost')).toEqual([]);
});

test('an admin ends the connections of a user, nobody else does', async () => {
  const victim = await connectClient(scope, hub.url, { auth: { token: await mintToken({}, { sub: 'victim' }) }, reconnection: false });
  const url = `${hub.url}/api/users/victim/disconnect`;
  expect((await send('POST', url, {}, await bearer('ann'))).status).toBe(403);
  expect(victim.socket.connected).toBe(true);
  expect((await send('POST', url, {}, await bearer('root', {}, { admin: true }))).status).toBeLessThan(300);
  await waitFor(() => victim.socket.disconnected);
});

test('`roomcast token` mints a token that the hub takes', async () => {
  const minted = await runRoomcast(scope, ['token', '--user', 'minted', '--read', 'chat:only'], { ROOMCAST_TOKEN_SECRET: SECRET });
  expect(minted.code).toBe(0);
  const client = await connectClient(scope, hub.url, { auth: { token: minted.output.trim() } });
  expect(client.welcome.user.id).toBe('minted');
  await client.subscribe('chat:only');
  expect(await client.ask('subscribe', { room: 'chat:other' })).toMatchObject({ error: { code: 'forbidden' } });
});

/** The status of a raw WebSocket handshake. */
function upgradeStatus(origin: string | undefined, path = '/socket.io/?EIO=4&transport=websocket'): Promise<number> {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...(origin !== undefined && { origin }),
  };
  return new Promise((resolve, reject) => {
    const asked = request(`${hub.url}${path}`, { headers });
    asked.once('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode!);
    });
    asked.once('response', (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    asked.once('error', reject).end();
  });
}

test('a page of another origin is refused on polling, on WebSocket and on the upgrade', async () => {
  const polling = `${hub.url}/socket.io/?EIO=4&transport=polling`;
  for (const origin of ['https://app.example.com', 'https://a.wild.example', undefined]) {
    const headers: Record<string, string> = origin === undefined ? {} : { origin };
    const answer = await get(polling, headers);
    const allowed = answer.headers.get('access-control-allow-origin');
    expect({ origin, polling: answer.status, allowed }).toEqual({ origin, polling: 200, allowed: origin ?? null });
    expect({ origin, socket: await upgradeStatus(origin) }).toEqual({ origin, socket: 101 });
  }
  const session = JSON.parse((await get(polling)).text.slice(1)).sid;
  for (const origin of [
    'https://evil.example',
    'https://app.example.com.evil.example',
    'https://wild.example.evil',
    'null',
    'http://app.example.com',
  ]) {
    const refused = await get(polling, { origin });
    expect({ origin, polling: refused.status }).toEqual({ origin, polling: 403 });
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
    expect({ origin, socket: await upgradeStatus(origin) }).toEqual({ origin, socket: 403 });
    expect(await upgradeStatus(origin, `/socket.io/?EIO=4&transport=websocket&sid=${session}`)).toBe(403);
    const api = await get(`${hub.url}/api/rooms`, { origin, ...(await bearer('ann')) });
    expect(api.headers.get('access-control-allow-origin')).toBeNull();
  }
});
