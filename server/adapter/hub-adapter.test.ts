import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createShardedAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { Server, type ServerOptions } from 'socket.io';
import { io as connect } from 'socket.io-client';
import type { Message } from '../../shared/protocol.js';
import { startRedis, type TestRedis } from '../../test/support/redis.js';
import { testScope } from '../../test/support/scope.js';
import { waitFor } from '../../test/support/wait.js';
import { createRedisRoomLog } from '../log/redis-room-log.js';
import { createHubAdapter } from './hub-adapter.js';
import { socketRoom } from './hub-broadcast.js';
import { openRedisLink, type RedisLink } from './redis-link.js';

const ALL = { messages: 0, ttlMs: 0 };
const silent = { info() {}, warn() {}, error() {} };
const scope = testScope();
let redis: TestRedis;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
async function openLink(url: string): Promise<RedisLink> {
  const link = openRedisLink({ url, log: silent, commandTimeoutMs: 500, probeIntervalMs: 200 });
  scope.defer(link, (open) => open.close());
  await link.whenUp();
  return link;
}

/** A Socket.IO server with one connected client, whose socket is in `rooms`. */
async function serve(adapter: ServerOptions['adapter'], rooms: string[]) {
  const http = createServer();
  const io = new Server(http, { adapter });
  io.on('connection', (socket) => socket.join(rooms));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const client = connect(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, { transports: ['websocket'], forceNew: true });
  const heard: unknown[][] = [];
  client.onAny((...event) => heard.push(event));
  scope.defer(io, (open) => open.close());
  scope.defer(client, (open) => open.disconnect());
  await once(client as never, 'connect');
  const joined = () => rooms.every((room) => io.sockets.adapter.rooms.has(room));
  await waitFor(joined);
  return { io, heard };
}

async function stockAdapter(url: string): Promise<ServerOptions['adapter']> {
  const clients = [createClient({ url }), createClient({ url })].map((client) => client.on('error', () => {}));
  await Promise.all(clients.map((client) => client.connect()));
  for (const client of clients) scope.defer(client, (open) => open.close());
  return createShardedAdapter(clients[0], clients[1]);
}

const message = (id: string, data: unknown) => ({ room: 'chat:x' as const, id, type: 'text', from: { id: 'u', name: 'Ü' }, data });

test('a stock server with the stock sharded adapter delivers what the log appends, text and binary, in order', async () => {
  const link = await openLink(redis.url);
  const log = createRedisRoomLog({ link });
  const stock = await serve(await stockAdapter(redis.url), [socketRoom('chat:x')]);
  await waitFor(
    async () =>
      ((await link.run((client) => client.sendCommand(['PUBSUB', 'SHARDNUMSUB', 'socket.io#/#{chat:x}#']))) as [string, number])[1] > 0,
  );
  const payloads = [{ text: 'quote " ü 🦊' }, { bytes: Buffer.from([1, 2, 255]) }, null, { n: 70_000, deep: [{ b: Buffer.alloc(300) }] }];
  const appended = [];
  for (const [i, data] of payloads.entries()) appended.push(await log.append(message(`m${i}`, data), ALL));
  await waitFor(() => stock.heard.length === payloads.length);
  const { entries } = await log.read('chat:x', { limit: 10, from: 'oldest' });
  expect(stock.heard).toEqual(entries.map((entry) => ['message', entry.message]));
  expect(stock.heard.map(([, heard]) => (heard as Message).time)).toEqual(appended.map(({ entry }) => entry.time));
});

test('servers with the hub adapter reach each other, and servers with the stock adapter, as Socket.IO promises', async () => {
  const [one, two] = [await openLink(redis.url), await openLink(redis.url)];
  const a = await serve(createHubAdapter(one), ['shared']);
  const b = await serve(createHubAdapter(two), ['shared']);
  const c = await serve(await stockAdapter(redis.url), ['shared']);
  const servers = [a, b, c];
  await waitFor(async () => (await a.io.fetchSockets()).length === 3);
  await waitFor(
    async () =>
      ((await one.run((client) => client.sendCommand(['PUBSUB', 'SHARDNUMSUB', 'socket.io#/#shared#']))) as [string, number])[1] === 3,
  );
  for (const [i, { io }] of servers.entries()) io.to('shared').emit('hello', i, Buffer.from([i]));
  for (const { heard } of servers) await waitFor(() => heard.length === 3);
  for (const { heard } of servers) expect([...heard].sort()).toEqual([0, 1, 2].map((i) => ['hello', i, Buffer.from([i])]));
  b.io.in('shared').socketsLeave('shared');
  await waitFor(() => servers.every(({ io }) => !io.sockets.adapter.rooms.has('shared')));
});

test('the adapter does not deliver messages of hub rooms: their feeds do', async () => {
  const link = await openLink(redis.url);
  const log = createRedisRoomLog({ link });
  const hub = await serve(createHubAdapter(link), [socketRoom('chat:quiet')]);
  const other = await serve(createHubAdapter(await openLink(redis.url)), []);
  const followed: string[] = [];
  await log.follow('chat:quiet', { entry: (entry) => followed.push(entry.message.id), doubt() {} });
  await log.append({ ...message('a', 'text'), room: 'chat:quiet' }, ALL);
  await log.append({ ...message('b', Buffer.from('bytes')), room: 'chat:quiet' }, ALL);
  await waitFor(() => followed.length === 2);
  // What comes after on the same channel is the barrier.
  await waitFor(() => {
    other.io.to(socketRoom('chat:quiet')).emit('barrier');
    return hub.heard.length > 0;
  });
  expect(new Set(hub.heard.map(([event]) => event))).toEqual(new Set(['barrier']));
});

test('without Redis emits reach the sockets of their own instance, failures are counted, and nothing is left unhandled', async () => {
  const own = await startRedis();
  scope.defer(own, (open) => open.stop());
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', onUnhandled);
  scope.defer(onUnhandled, (listener) => process.off('unhandledRejection', listener));
  const link = await openLink(own.url);
  const a = await serve(createHubAdapter(link), ['shared']);
  const b = await serve(createHubAdapter(await openLink(own.url)), ['shared']);
  await own.kill('SIGKILL');
  await waitFor(() => !link.ready());
  a.io.to('shared').emit('hello', 1);
  for (const socket of a.io.sockets.sockets.values()) socket.join('later');
  await waitFor(() => a.heard.length === 1);
  expect(link.counters.publishFailures).toBe(1);
  await expect(a.io.fetchSockets()).rejects.toMatchObject({ code: 'unavailable' });
  const again = await startRedis({ port: own.port });
  scope.defer(again, (open) => open.stop());
  await waitFor(() => {
    b.io.to('later').emit('back');
    return a.heard.some(([event]) => event === 'back');
  });
  await waitFor(async () => (await a.io.fetchSockets()).length === 2);
  expect(unhandled).toEqual([]);
});

test('a payload that cannot be read ends nothing', async () => {
  const link = await openLink(redis.url);
  const a = await serve(createHubAdapter(link), ['shared']);
  const deep = `{"uid":"x","nsp":"/","type":3,"data":{"packet":{"type":2,"nsp":"/","data":["e",${'['.repeat(20_000)}${']'.repeat(20_000)}]},"opts":{"rooms":["shared"],"except":[],"flags":{}}}}`;
  for (const payload of [deep, '{"uid":', Buffer.from([0xc1]), '{"uid":"x","nsp":"/","type":3}'])
    await link.publish('socket.io#/#shared#', payload);
  const b = await serve(createHubAdapter(await openLink(redis.url)), ['shared']);
  await waitFor(() => {
    b.io.to('shared').emit('hello');
    return a.heard.length > 0;
  });
  expect(a.heard[0]).toEqual(['hello']);
  expect(link.counters.reconnects).toBe(0);
});
