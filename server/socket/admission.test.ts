import { Agent, createServer, get, IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { type Socket as HubSocket, Server } from 'socket.io';
import { io } from 'socket.io-client';
import { metricOf, openMemoryHub } from '../../test/support/memory-hub.js';
import { testScope } from '../../test/support/scope.js';
import { waitFor } from '../../test/support/wait.js';

const scope = testScope();

test.each(['', '&sid=', '&sid=x&sid='])('a connection whose query ends in "%s" is a new one and counted', async (query) => {
  const hub = await openMemoryHub(scope, { connectionsPerAddress: 1 });
  const open = async () => (await fetch(`${hub.url}/socket.io/?EIO=4&transport=polling${query}`)).status;
  expect(await open()).toBe(200);
  expect(await open()).not.toBe(200);
});

test('a crowd waits at the door of a hub with traffic, and all of it comes in', async () => {
  const hub = await openMemoryHub(scope, { arrivalSpreadMs: 1_000 });
  const member = scope.defer(io(hub.url, { transports: ['websocket'] }), (socket) => socket.close());
  await member.emitWithAck('subscribe', { room: 'chat:busy' });
  let published = 0;
  const traffic = setInterval(() => member.emit('publish', { room: 'chat:busy', id: `m${published++}`, data: {} }, () => {}), 20);
  scope.defer(traffic, clearInterval);
  await new Promise((resolve) => member.once('message', resolve));
  const crowd = Array.from({ length: 200 }, () => fetch(`${hub.url}/socket.io/?EIO=4&transport=polling`));
  await waitFor(() => metricOf(hub, 'roomcast_connections_arriving'));
  const statuses = (await Promise.all(crowd)).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(await metricOf(hub, 'roomcast_connections_arriving')).toBe(0);
});

test('a page of an origin that may come in can read what it is answered over long-polling, a preflight included', async () => {
  const hub = await openMemoryHub(scope, { origins: ['https://app.example'] });
  const ask = async (origin: string, method: string) => {
    const headers = { Origin: origin, ...(method === 'OPTIONS' && { 'Access-Control-Request-Method': 'POST' }) };
    const { status, headers: answered } = await fetch(`${hub.url}/socket.io/?EIO=4&transport=polling`, { method, headers });
    return { status, allowed: answered.get('Access-Control-Allow-Origin') };
  };
  expect(await ask('https://app.example', 'GET')).toEqual({ status: 200, allowed: 'https://app.example' });
  expect(await ask('https://app.example', 'OPTIONS')).toEqual({ status: 204, allowed: 'https://app.example' });
  expect(await ask('https://evil.example', 'GET')).toEqual({ status: 403, allowed: null });
});

test('engine.io has no middleware by itself but that of the option cors, and with the hub none at all', async () => {
  const middlewaresOf = ({ engine }: Pick<Server, 'engine'>) => (engine as unknown as { middlewares: unknown[] }).middlewares;
  expect(middlewaresOf(new Server(createServer()))).toHaveLength(0);
  expect(middlewaresOf(new Server(createServer(), { cors: { origin: '*' } }))).toHaveLength(1);
  expect(middlewaresOf((await openMemoryHub(scope)).io)).toHaveLength(0);
});

test('an upgrade that is refused is answered and ended, and told as an error of the connection', async () => {
  const hub = await openMemoryHub(scope, { origins: ['https://app.example'] });
  const told: unknown[] = [];
  hub.io.engine.on('connection_error', ({ code, context }: { code: number; context: unknown }) => told.push({ code, context }));
  const tcp = scope.defer(connect(Number(new URL(hub.url).port), '127.0.0.1'), (socket) => socket.destroy());
  const heard: Buffer[] = [];
  tcp.on('data', (bytes: Buffer) => heard.push(bytes));
  const ended = new Promise((resolve) => tcp.once('end', resolve));
  const lines = ['Host: 127.0.0.1', 'Origin: https://evil.example', 'Upgrade: websocket', 'Connection: Upgrade'];
  tcp.write(`GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  await ended;
  const [head, body] = Buffer.concat(heard).toString().split('\r\n\r\n') as [string, string];
  expect(head.split('\r\n')[0]).toBe('HTTP/1.1 403 Forbidden');
  expect(JSON.parse(body)).toMatchObject({ error: { code: 'origin_refused' } });
  expect(told).toEqual([{ code: 3, context: { name: 'MIDDLEWARE_FAILURE' } }]);
});

test('the address of a connection has its place again once that has ended', async () => {
  const hub = await openMemoryHub(scope, { connectionsPerAddress: 1 });
  for (let time = 0; time < 3; time++) {
    const member = io(hub.url, { transports: ['websocket'], reconnection: false, forceNew: true });
    scope.defer(member, (socket) => socket.close());
    await new Promise((resolve) => member.once('connect', () => resolve(undefined)));
    const other = io(hub.url, { transports: ['websocket'], reconnection: false, forceNew: true });
    scope.defer(other, (socket) => socket.close());
    await new Promise((resolve) => other.once('connect_error', resolve));
    member.disconnect();
    await waitFor(() => hub.io.engine.clientsCount === 0);
  }
});

test('a request that becomes no connection gives its place back', async () => {
  const hub = await openMemoryHub(scope, { connectionsPerAddress: 1 });
  const tcp = scope.defer(connect(Number(new URL(hub.url).port), '127.0.0.1'), (socket) => socket.destroy());
  const closed = new Promise((resolve) => tcp.once('close', resolve));
  const lines = ['Host: 127.0.0.1', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: none'];
  tcp.write(`GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  tcp.resume();
  await closed;
  const member = scope.defer(io(hub.url, { transports: ['websocket'], reconnection: false }), (socket) => socket.close());
  await new Promise((resolve, reject) => member.once('connect', () => resolve(undefined)).once('connect_error', reject));
});

test('requests that become no connection give their places back, though they share a connection that stays open', async () => {
  const hub = await openMemoryHub(scope, { connectionsPerAddress: 1 });
  const agent = scope.defer(new Agent({ keepAlive: true, maxSockets: 1 }), (open) => open.destroy());
  const accepted: Socket[] = [];
  hub.io.httpServer.on('connection', (socket: Socket) => accepted.push(socket));
  const ask = () =>
    new Promise<number | undefined>((resolve, reject) => {
      const asked = get(`${hub.url}/socket.io/?EIO=4&transport=none`, { agent }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode));
      });
      asked.on('error', reject);
    });
  expect(await ask()).toBe(400);
  const listeners = accepted[0]!.listenerCount('close');
  for (let time = 0; time < 3; time++) expect(await ask()).toBe(400);
  expect(accepted).toHaveLength(1);
  expect(accepted[0]!.listenerCount('close')).toBe(listeners);
});

test('a quiet connection keeps nothing of the request that opened it', async () => {
  const hub = await openMemoryHub(scope);
  const member = scope.defer(io(hub.url, { transports: ['websocket'] }), (socket) => socket.close());
  await new Promise((resolve) => member.once('connect', () => resolve(undefined)));
  const [{ conn }] = (await hub.io.local.fetchSockets()).map(({ id }) => hub.io.sockets.sockets.get(id)!) as [HubSocket];
  const tcp = conn.request.socket;
  expect(conn.request).not.toBeInstanceOf(IncomingMessage);
  // engine.io's response to the upgrade, which it makes for middlewares, tells of its end from here.
  expect(
    tcp
      .listeners('close')
      .map(String)
      .filter((text) => text.includes('emit("close")')),
  ).toEqual([]);
});
