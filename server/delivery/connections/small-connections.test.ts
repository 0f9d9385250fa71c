import { once } from 'node:events';
import { get as httpGet } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { Socket } from 'socket.io';
import { openMemoryHub } from '../../../test/support/memory-hub.js';
import { openRawSocket } from '../../../test/support/raw-socket.js';
import { testScope } from '../../../test/support/scope.js';
import { connectClient } from '../../../test/support/stock-client.js';
import { waitFor } from '../../../test/support/wait.js';
import type { StartedHub } from '../../start-hub.js';
import type { EngineConnection, EngineServer } from './internals.js';
import { KeptRequest } from './kept-request.js';

const scope = testScope();

/** The hub's half of its only client. */
const only = (hub: StartedHub): Socket => [...hub.io.sockets.sockets.values()][0] as unknown as Socket;
const transportOf = (hub: StartedHub) => (only(hub).conn as unknown as { transport: { name: string } }).transport.name;

async function askUpgrade({ url }: StartedHub, query: string, origin?: string): Promise<{ status: number; answer: string }> {
  const tcp = scope.defer(connect(Number(new URL(url).port), '127.0.0.1'), (socket) => socket.destroy());
  const lines = ['Host: 127.0.0.1', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
  lines.push('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', ...(origin === undefined ? [] : [`Origin: ${origin}`]));
  tcp.write(`GET /socket.io/?EIO=4&${query} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  const answer = String((await once(tcp, 'data'))[0]);
  return { status: Number(answer.split(' ')[1]), answer };
}

test('a handshake reads after the connection as it did before', async () => {
  const hub = await openMemoryHub(scope);
  let before: Socket['handshake'] | undefined;
  hub.io.use((socket, next) => {
    before = structuredClone(socket.handshake);
    next();
  });
  await connectClient(scope, hub.url, {
    query: { mood: 'good' },
    extraHeaders: { cookie: 'who=ada', 'x-forwarded-for': '203.0.113.7', 'x-mine': 'mine' },
    transports: ['websocket'],
  });
  const after = only(hub).handshake;
  const ofSocketIo = (Socket.prototype as unknown as { buildHandshake(auth: object): object }).buildHandshake.call(only(hub), {});
  expect({ ...after, time: '', issued: 0 }).toEqual({ ...ofSocketIo, time: '', issued: 0 });
  expect(before!.headers).toMatchObject({ cookie: 'who=ada', 'x-mine': 'mine' });
  expect({ ...after }).toEqual(before);
  expect(JSON.parse(JSON.stringify(after))).toEqual(before);
  expect(only(hub).request.headers).toEqual(after.headers);
  expect(only(hub).request.url).toBe(after.url);
  expect(only(hub).request.socket.remoteAddress).toBe('127.0.0.1');
});

test('the first packet says of the session what engine.io says of it', async () => {
  const hub = await openMemoryHub(scope);
  const { opts } = hub.io.engine as unknown as EngineServer;
  const { heard } = await openRawSocket(scope, hub.url, { connect: false });
  const [id] = Object.keys((hub.io.engine as unknown as EngineServer).clients);
  const { pingInterval, pingTimeout, maxHttpBufferSize: maxPayload } = opts;
  expect(heard).toEqual([`0${JSON.stringify({ sid: id, upgrades: [], pingInterval, pingTimeout, maxPayload })}`]);
  expect(maxPayload).toEqual(expect.any(Number));
});

test('headers that a program adds go out with the answer to an upgrade', async () => {
  const hub = await openMemoryHub(scope);
  hub.io.engine.on('initial_headers', (headers: Record<string, string>) => {
    headers['x-mine'] = 'mine';
  });
  const { answer } = await askUpgrade(hub, 'transport=websocket');
  expect(answer).toMatch(/^HTTP\/1\.1 101 .*\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\nx-mine: mine\r\n\r\n/s);
});

test('a socket has an id that nobody else is told, and is in the room of it', async () => {
  const hub = await openMemoryHub(scope);
  const { socket } = await connectClient(scope, hub.url, { transports: ['websocket'] });
  const { id, rooms, data, recovered, conn } = only(hub);
  expect(id).toBe(socket.id);
  expect(id).toMatch(/^[\w-]{20}$/);
  expect(id).not.toBe((conn as unknown as EngineConnection).id);
  expect({ rooms, recovered }).toEqual({ rooms: new Set([id]), recovered: false });
  expect(data.userId).toMatch(/^guest-/);
});

test('the rooms of a socket are a Set that goes on telling them, also to those who have asked before', async () => {
  const hub = await openMemoryHub(scope);
  await connectClient(scope, hub.url);
  const socket = only(hub);
  await socket.join('a');
  const { rooms } = socket;
  expect(rooms).toEqual(new Set([socket.id, 'a']));
  await socket.leave('a');
  await socket.join('b');
  expect(rooms).toEqual(new Set([socket.id, 'b']));
  expect(await hub.io.in(socket.id).fetchSockets()).toHaveLength(1);
  expect(await hub.io.except(socket.id).fetchSockets()).toHaveLength(0);
  const { adapter } = hub.io.sockets;
  const deleted: string[] = [];
  adapter.on('delete-room', (room: string) => deleted.push(room));
  socket.disconnect(true);
  expect(deleted).toEqual([socket.id, 'b']);
  expect([adapter.rooms.size, adapter.sids.size, socket.rooms]).toEqual([0, 0, new Set()]);
});

test('headers of many clients are kept once; a cookie or address of its own belongs to one', async () => {
  const hub = await openMemoryHub(scope);
  const seen: string[] = [];
  hub.io.on('connection', (socket) => seen.push(socket.handshake.headers.cookie ?? ''));
  for (const who of ['ada', 'bob']) await connectClient(scope, hub.url, { extraHeaders: { cookie: who }, transports: ['websocket'] });
  const sockets = [...hub.io.sockets.sockets.values()];
  expect(sockets.map((socket) => socket.handshake.headers.cookie)).toEqual(['ada', 'bob']);
  expect(seen).toEqual(['ada', 'bob']);
  expect(sockets[0]!.handshake.query).toBe(sockets[1]!.handshake.query);
});

test('a query that a middleware has changed is that of its client only', async () => {
  const hub = await openMemoryHub(scope);
  let changed = 0;
  hub.io.engine.use((request: { _query: object }, _response: unknown, next: () => void) => {
    if (++changed === 2) request._query = { ...request._query, EIO: '4', mood: 'good' };
    next();
  });
  for (let n = 0; n < 3; n++) await connectClient(scope, hub.url, { transports: ['websocket'] });
  const queries = [...hub.io.sockets.sockets.values()].map(({ handshake }) => handshake.query);
  expect(queries.map(({ mood }) => mood)).toEqual([undefined, 'good', undefined]);
  expect(queries[2]).toBe(queries[0]);
});

test('what is put on a handshake stays there', async () => {
  const hub = await openMemoryHub(scope);
  hub.io.use((socket, next) => {
    Object.assign(socket.handshake, { session: 'mine' });
    next();
  });
  await connectClient(scope, hub.url, { transports: ['websocket'], auth: { name: 'Ada' } });
  expect({ ...only(hub).handshake }).toMatchObject({ session: 'mine', auth: { name: 'Ada' } });
});

test('what a middleware puts on the request stays there, and its response still ends with the connection', async () => {
  const hub = await openMemoryHub(scope);
  let ended = 0;
  hub.io.engine.use((request: { session?: unknown }, response: NodeJS.EventEmitter, next: () => void) => {
    request.session = { user: 'ada' };
    response.on('close', () => ended++);
    next();
  });
  const client = await connectClient(scope, hub.url, { transports: ['websocket'] });
  const request = only(hub).request as unknown as { session: unknown };
  expect(request).toBeInstanceOf(KeptRequest);
  expect(request.session).toEqual({ user: 'ada' });
  client.socket.disconnect();
  await waitFor(() => ended === 1);
});

test('a client that begins with a WebSocket has no listeners and no timer of its own under it', async () => {
  const hub = await openMemoryHub(scope);
  await connectClient(scope, hub.url, { transports: ['websocket'] });
  const { transport, pingIntervalTimer } = only(hub).conn as unknown as EngineConnection;
  expect(transport.eventNames()).toEqual([]);
  expect(pingIntervalTimer).not.toHaveProperty('_idleTimeout');
});

test('whom engine.io refuses is refused still', async () => {
  const allowRequest = (request: { url?: string }, done: (error: null, isAllowed: boolean) => void) =>
    done(null, !request.url?.includes('mood=bad'));
  const [free, asking] = [await openMemoryHub(scope, { origins: ['*'] }), await openMemoryHub(scope)];
  Object.assign((asking.io.engine as unknown as EngineServer).opts, { allowRequest });
  const requests: [StartedHub, string, string?][] = [
    [free, 'transport=websocket'],
    [asking, 'transport=websocket'],
    [asking, 'transport=websocket&mood=bad'],
    [free, 'transport=pigeon'],
    [free, 'transport=websocket&sid=nobody'],
    [free, 'transport=websocket', 'a\x7fb'],
  ];
  const answers = await Promise.all(requests.map(([hub, ...asked]) => askUpgrade(hub, ...asked)));
  expect(answers.map(({ status }) => status)).toEqual([101, 101, 400, 400, 400, 400]);
});

test('session ids are those that a program makes itself, also when it takes its time', async () => {
  const hub = await openMemoryHub(scope);
  let made = 0;
  hub.io.engine.generateId = (async () => `mine-${++made}`) as never;
  for (const transport of ['websocket', 'polling'] as const) await connectClient(scope, hub.url, { transports: [transport] });
  const ids = [...hub.io.sockets.sockets.values()].map(({ conn }) => (conn as unknown as EngineConnection).id);
  expect(ids).toEqual(['mine-1', 'mine-2']);
});

test.each([['polling'], ['websocket'], ['polling', 'websocket']])(
  'a client on %s %s is heard and answered, and leaves',
  async (...transports) => {
    const hub = await openMemoryHub(scope);
    const reasons: string[] = [];
    const client = await connectClient(scope, hub.url, { transports: transports as never, reconnection: false });
    hub.io.sockets.sockets.forEach((socket) => void socket.on('disconnect', (reason) => reasons.push(reason)));
    await waitFor(() => transportOf(hub) === transports.at(-1));
    await client.subscribe('chat:any');
    const bytes = Buffer.from([0, 1, 2, 255]);
    await client.publish('chat:any', { text: 'x'.repeat(50_000) });
    await waitFor(() => client.messages.length === 1);
    const own = only(hub) as unknown as {
      emit(event: string, ...args: unknown[]): void;
      on(event: string, run: (...args: never[]) => void): void;
    };
    own.on('echo', (data: Buffer, ack: (data: Buffer) => void) => ack(data));
    expect(Buffer.from((await client.ask('echo', bytes)) as never)).toEqual(bytes);
    client.socket.disconnect();
    await waitFor(() => reasons.length === 1 && hub.io.engine.clientsCount === 0);
    expect(reasons).toEqual(['client namespace disconnect']);
  },
);

test('a client that answers stays, whatever its transport; one that says other things in between stays too', async () => {
  // Who is not heard is pinged once only.
  const hub = await openMemoryHub(scope, { pingIntervalMs: 100, pingTimeoutMs: 10_000 });
  const clients = [
    await connectClient(scope, hub.url, { transports: ['websocket'], reconnection: false }),
    await connectClient(scope, hub.url, { transports: ['polling'], reconnection: false }),
    await connectClient(scope, hub.url, { reconnection: false }),
  ];
  const pings = clients.map(({ socket }) => {
    const count = { heard: 0 };
    socket.io.on('ping', () => count.heard++);
    return count;
  });
  await waitFor(() => pings.every(({ heard }) => heard >= 5), { timeoutMs: 15_000 });
  expect(clients.map(({ socket }) => socket.connected)).toEqual([true, true, true]);
});

test('a client that never answers is gone after interval and timeout, as is one that talks once and falls silent', async () => {
  const [pingIntervalMs, pingTimeoutMs] = [300, 200];
  const hub = await openMemoryHub(scope, { pingIntervalMs, pingTimeoutMs });
  const reasons: string[] = [];
  const spans: number[] = [];
  hub.io.on('connection', (socket) => {
    const from = performance.now();
    socket.on('disconnect', (reason) => {
      reasons.push(reason);
      spans.push(performance.now() - from);
    });
  });
  const silent = await openRawSocket(scope, hub.url, { connect: true });
  await silent.closed;
  const talking = await openRawSocket(scope, hub.url, { connect: true });
  await waitFor(() => talking.heard.includes('2'));
  talking.send('42["typing",{"room":"chat:none"}]');
  await talking.closed;
  await waitFor(() => reasons.length === 2);
  expect(reasons).toEqual(['ping timeout', 'ping timeout']);
  expect(silent.heard.filter((packet) => packet === '2')).toHaveLength(1);
  // The engine's clock has run since a little before the socket's connection event.
  for (const span of spans) expect(span).toBeGreaterThan(pingIntervalMs + pingTimeoutMs - 150);
});

test('clients of a hub that closes, and one that is cut, are forgotten', async () => {
  const hub = await openMemoryHub(scope, { pingIntervalMs: 100 });
  const cut = await connectClient(scope, hub.url, { transports: ['websocket'], reconnection: false });
  (cut.socket.io.engine.transport as unknown as { ws: { _socket: { destroy(): void } } }).ws._socket.destroy();
  await waitFor(() => hub.io.engine.clientsCount === 0);
  const stays = await connectClient(scope, hub.url, { reconnection: false });
  await hub.close();
  await waitFor(() => stays.socket.disconnected);
  expect(hub.io.engine.clientsCount).toBe(0);
});

test('a plain request to the path of Socket.IO is answered as before', async () => {
  const hub = await openMemoryHub(scope);
  const status = await new Promise((resolve) =>
    httpGet(`${hub.url}/socket.io/?EIO=4&transport=websocket`, ({ statusCode }) => resolve(statusCode)),
  );
  expect(status).toBe(400);
});
