import { createServer, type Server as HttpServer } from 'node:http';
import { expect, test } from '@jest/globals';
import express from 'express';
import type { DisconnectReason } from 'socket.io';
import { io } from 'socket.io-client';
import { z } from 'zod';
import { type CreateHubOptions, createHub, type Hub, HubError } from '../server/roomcast.js';
import { get } from './support/http.js';
import { testScope } from './support/scope.js';
import { connectClient, refusedClient } from './support/stock-client.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const QUIET = { store: 'memory', hostMetrics: false, logLevel: 'silent' } as const;

async function listen(server: HttpServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.defer(server, (open) => new Promise((resolve) => open.close(resolve).closeAllConnections()));
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

async function hubOn(server: HttpServer, options: CreateHubOptions = {}): Promise<Hub> {
  return scope.defer(await createHub({ ...QUIET, server, ...options }), (hub) => hub.close());
}

test('an existing program keeps its routes, events, rooms, middlewares, namespaces and options of Socket.IO', async () => {
  const app = express();
  app.get('/mine', (_request, response) => void response.send('my page'));
  app.get('/api/mine', (_request, response) => void response.send('my API'));
  const server = createServer(app);
  const hub = await hubOn(server, {
    io: { pingInterval: 1_234, allowRequest: (request, decide) => decide(null, !request.url?.includes('banned')) },
  });
  hub.io.use((socket, next) => next(socket.handshake.query.mood === 'bad' ? new Error('come back in a better mood') : undefined));
  const gone: DisconnectReason[] = [];
  hub.io.on('connection', (socket) => {
    const own = socket as unknown as { on(event: string, listener: (...args: never[]) => void): void };
    own.on('enter', (room: string, ack: (rooms: string[]) => void) => {
      socket.join(room);
      ack([...socket.rooms]);
    });
    own.on('tell', (room: string, text: string) =>
      (hub.io.to(room) as unknown as { emit(event: string, text: string): void }).emit('told', text),
    );
    socket.on('disconnect', (reason) => gone.push(reason));
  });
  hub.io.of('/admin').on('connection', (socket) => {
    (socket as unknown as { emit(event: string, text: string): void }).emit('hello', 'from the admin namespace');
  });
  const url = await listen(server);

  expect((await get(`${url}/mine`)).text).toBe('my page');
  expect((await get(`${url}/api/mine`)).text).toBe('my API');
  expect((await get(`${url}/healthz`)).status).toBe(200);

  const [one, two] = [await connectClient(scope, url), await connectClient(scope, url)];
  expect((one.socket.io.engine as unknown as { pingInterval?: number; _pingInterval?: number })._pingInterval).toBe(1_234);
  const rooms = await one.ask<string[]>('enter', 'kitchen');
  expect(rooms).toEqual(expect.arrayContaining(['kitchen', one.socket.id]));
  two.say('tell', 'kitchen', 'soup');
  expect(await one.event('told')).toBe('soup');
  await one.subscribe('chat:both');
  await two.publish('chat:both', { text: 'x' }, { id: 'x' });
  await one.hears('x');

  const admin = scope.defer(io(`${url}/admin`, { forceNew: true }), (socket) => socket.disconnect());
  expect(await new Promise((resolve) => admin.once('hello', resolve))).toBe('from the admin namespace');
  expect((await refusedClient(scope, url, { query: { mood: 'bad' } })).message).toBe('come back in a better mood');
  expect(await refusedClient(scope, url, { query: { banned: '1' } })).toBeInstanceOf(Error);
  two.socket.disconnect();
  await waitFor(() => gone.includes('client namespace disconnect'));
});

test('an added event is checked, answered, limited, and tells only what it may', async () => {
  const server = createServer();
  const hub = await hubOn(server);
  const input = z.strictObject({ a: z.number(), b: z.number() });
  hub.handle('add', input, async ({ data, principal, socket }) => ({ sum: data.a + data.b, by: principal.user.id, on: socket.id }));
  hub.handle('refuse', z.unknown(), () => {
    throw new HubError('busy', 'not now', 50);
  });
  hub.handle('break', z.unknown(), () => Promise.reject(new Error('inner workings')));
  expect(() => hub.handle('add', input, () => ({}))).toThrow(/add/);
  const client = await connectClient(scope, await listen(server));
  hub.handle('late', z.unknown(), () => ({ late: true }));

  expect(await client.ask('add', { a: 1, b: 2 })).toEqual({ ok: true, sum: 3, by: client.welcome.user.id, on: client.socket.id });
  expect(await client.ask('add', { a: 1 })).toMatchObject({ ok: false, error: { code: 'invalid' } });
  expect(await client.ask('refuse', {})).toMatchObject({ error: { code: 'busy', message: 'not now', retry: 'later', retryAfterMs: 50 } });
  const broken = await client.ask('break', {});
  expect(broken).toMatchObject({ error: { code: 'internal' } });
  expect(JSON.stringify(broken)).not.toContain('inner workings');
  expect(await client.ask('late', {})).toEqual({ ok: true, late: true });
  client.say('add', { a: 1, b: 2 });
  expect(await client.event('notice')).toMatchObject({ kind: 'error', event: 'add', error: { code: 'missing_ack' } });
});

test('publishing from code is idempotent by id, and reaches those who subscribed', async () => {
  const server = createServer();
  const hub = await hubOn(server);
  const client = await connectClient(scope, await listen(server));
  await client.subscribe('chat:code');
  const first = await hub.publish('chat:code', { text: 'one' }, { id: 'one' });
  expect(await hub.publish('chat:code', { text: 'one' }, { id: 'one' })).toMatchObject({ position: first.position, repeated: true });
  await hub.publish('chat:code', { n: 2 }, { type: 'order', from: { id: 'till', name: 'Till' }, id: 'two' });
  expect(await client.hears('two')).toMatchObject({ type: 'order', from: { id: 'till', name: 'Till' }, data: { n: 2 } });
  expect(client.messages.map(({ id }) => id)).toEqual(['one', 'two']);
  await expect(hub.publish('nope:x', 1)).rejects.toMatchObject({ code: 'unknown_kind' });
});

test('a handler that waits rather than computes runs on the loop, and a costly read is computed once for many', async () => {
  const server = createServer();
  const hub = await hubOn(server);
  hub.job('greet', {
    input: z.strictObject({ name: z.string() }),
    run: async ({ name }, { progress }) => {
      progress(0.5, { note: 'half' });
      return { greeting: `Hello ${name}` };
    },
  });
  const client = await connectClient(scope, await listen(server));
  await client.expectOk('job:submit', { name: 'greet', input: { name: 'Ann' } });
  const done = await client.event<{ state: string; result: unknown }>('job', ({ state }) => state === 'done');
  expect(done.result).toEqual({ greeting: 'Hello Ann' });

  let computed = 0;
  const read = () => hub.cache.read('answer', { ttlMs: 60_000, compute: async () => ({ n: ++computed }) });
  const answers = await Promise.all(Array.from({ length: 50 }, read));
  expect(answers).toEqual(Array.from({ length: 50 }, () => ({ n: 1 })));
});

test('two hubs live in one process, each on its own server, and closing one leaves its server and the other alone', async () => {
  const servers = [createServer((_request, response) => void response.end('mine')), createServer()];
  const hubs = [await hubOn(servers[0]!), await hubOn(servers[1]!)];
  const urls = [await listen(servers[0]!), await listen(servers[1]!)];
  const clients = await Promise.all(urls.map((url) => connectClient(scope, url, { reconnection: false })));
  await Promise.all(clients.map((client) => client.subscribe('chat:same')));
  await hubs[0]!.publish('chat:same', 'first', { id: 'first' });
  await hubs[1]!.publish('chat:same', 'second', { id: 'second' });
  await clients[1]!.hears('second');
  expect(clients[1]!.messages.map(({ id }) => id)).toEqual(['second']);

  await hubs[0]!.close();
  await waitFor(() => clients[0]!.socket.disconnected);
  expect((await get(`${urls[0]}/anything`)).text).toBe('mine');
  expect(clients[1]!.socket.connected).toBe(true);
});

test('a wrong option throws one line that names it', async () => {
  const server = createServer();
  await expect(createHub({ ...QUIET, server, payloadByts: 1 } as never)).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringMatching(/payloadByts.*did you mean payloadBytes/),
  });
  await expect(createHub({ ...QUIET, server, port: 70_000 })).rejects.toThrow(/port takes a whole number/);
});
