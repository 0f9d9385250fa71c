import { once } from 'node:events';
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import { Server, type Socket as ServerSocket } from 'socket.io';
import { io as connect, type Socket } from 'socket.io-client';
import type { WebSocket } from 'ws';
import { waitFor } from '../../test/support/wait.js';
import type { DeliveryOptions } from './delivery.js';

/** Writes past a stream, by descriptor. */
const straightWrites = new Map<number, number>();
const fs = await import('node:fs');
jest.unstable_mockModule('node:fs', () => ({
  ...fs,
  writeSync: (fd: number, bytes: Buffer) => {
    straightWrites.set(fd, straightTo(fd) + 1);
    return fs.writeSync(fd, bytes);
  },
}));
const { createDelivery } = await import('./delivery.js');
const { senderOf } = await import('./turn-socket.js');
const straightTo = (fd: number) => straightWrites.get(fd) ?? 0;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const OPTIONS: DeliveryOptions = { delivery: 'turn', deliveryWindowMs: 0, compression: false, compressionThresholdBytes: 1_024 };

async function serve(options: Partial<DeliveryOptions> = {}) {
  const http: HttpServer = createServer();
  const settings = { ...OPTIONS, ...options };
  let delivered = 0;
  const waiting = new Set<ServerSocket>();
  const onDelivered = (sockets: number) => {
    delivered += sockets;
  };
  const delivery = createDelivery(settings, onDelivered, { fed: () => {}, waits: (socket) => waiting.add(socket) });
  const perMessageDeflate = settings.compression && { threshold: settings.compressionThresholdBytes };
  const io = new Server(http, { perMessageDeflate, ...delivery.io });
  delivery.attach(io);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  ends.push(() => io.close());
  const { port } = http.address() as AddressInfo;

  /** A client in the room, with the names of what it heard. */
  async function join(transports: ('polling' | 'websocket')[] = ['websocket']) {
    const client: Socket = connect(`http://127.0.0.1:${port}`, { transports, upgrade: false, forceNew: true, reconnection: false });
    ends.push(() => client.disconnect());
    const heard: unknown[] = [];
    client.onAny((event, payload) => heard.push(`${event} ${typeof payload === 'string' ? payload.slice(0, 8) : JSON.stringify(payload)}`));
    await waitFor(() => client.connected);
    const socket = io.sockets.sockets.get(client.id!)!;
    await socket.join('room');
    return { client, socket, heard, writes: countWrites(socket) };
  }
  const emit = (event: string, payload: unknown) => delivery.output.emit('room', event as 'message', payload as never);
  const { output, straightBytes } = delivery;
  return { http, io, join, emit, output, straightBytes, delivered: () => delivered, waiting };
}

interface TcpSocket {
  readonly _handle: { readonly fd: number };
  write(...args: unknown[]): boolean;
  destroy(): void;
  pause(): void;
  resume(): void;
}
const tcpOf = (transport: unknown) => (transport as { socket?: { _socket: TcpSocket }; ws?: { _socket: TcpSocket } }).socket?._socket;
const clientTcpOf = (client: Socket) => (client.io.engine as unknown as { transport: { ws: { _socket: TcpSocket } } }).transport.ws._socket;

/** Counts the writes to a socket's connection from now on: each is the system's, or goes through the stream. */
function countWrites(socket: ServerSocket): () => number {
  const tcp = tcpOf(socket.conn.transport);
  let writes = 0;
  if (!tcp) return () => writes;
  const { fd } = tcp._handle;
  const before = straightTo(fd);
  const write = tcp.write.bind(tcp);
  tcp.write = (...args) => {
    writes++;
    return write(...args);
  };
  return () => writes + straightTo(fd) - before;
}

test('a WebSocket of the engine sends through the turn: ws still has its sender where it is looked for', async () => {
  const hub = await serve();
  const { socket } = await hub.join();
  expect(senderOf((socket.conn.transport as unknown as { socket: unknown }).socket)).toMatchObject({ takesCompressed: false });
});

test('what else ws does with a sender works with its one: pings, closing, and how much waits', async () => {
  const hub = await serve();
  const { client, socket } = await hub.join();
  const websocket = (socket.conn.transport as unknown as { socket: WebSocket }).socket;
  const { ws: far } = (client.io.engine as unknown as { transport: { ws: WebSocket } }).transport;
  const pinged = once(far, 'ping');
  const ponged = once(websocket, 'pong');
  websocket.ping('are you there');
  expect(String((await pinged)[0])).toBe('are you there');
  await ponged;
  expect(websocket.bufferedAmount).toBe(0);
  const closed = once(far, 'close');
  websocket.close(4_000, 'enough');
  const [code, why] = await closed;
  expect([code, String(why)]).toEqual([4_000, 'enough']);
});

test('the answer to the upgrade and the opening packet are one write', async () => {
  const hub = await serve();
  let writes = 0;
  let straight = () => 0;
  hub.http.on('connection', ({ _handle: handle }: { _handle: Record<string, (...args: unknown[]) => number> }) => {
    const fd = Number(handle.fd);
    const before = straightTo(fd);
    straight = () => straightTo(fd) - before;
    for (const name of ['writev', 'writeBuffer', 'writeLatin1String', 'writeUtf8String']) {
      const write = handle[name]!.bind(handle);
      handle[name] = (...args) => {
        writes++;
        return write(...args);
      };
    }
  });
  await hub.join();
  // The second is the answer to the client's entering the namespace.
  expect([writes, straight()]).toEqual([0, 2]);
});

test('room messages, direct ones, broadcasts and acknowledgements of one turn are one write, in the order in which they were sent', async () => {
  const hub = await serve();
  const one = await hub.join();
  const other = await hub.join();
  hub.emit('a', 1);
  one.socket.emit('b', 2);
  hub.io.to('room').emit('c', 3);
  hub.emit('d', 4);
  one.socket.emit('e', 5);
  await waitFor(() => one.heard.length === 5 && other.heard.length === 3);
  expect(one.heard).toEqual(['a 1', 'b 2', 'c 3', 'd 4', 'e 5']);
  expect(other.heard).toEqual(['a 1', 'c 3', 'd 4']);
  expect([one.writes(), other.writes()]).toEqual([1, 1]);
  expect(hub.delivered()).toBe(4);
});

test('it says for which sockets something waits that was written to them', async () => {
  const hub = await serve();
  const [quick, slow] = [await hub.join(), await hub.join()];
  clientTcpOf(slow.client).pause();
  const pad = 'x'.repeat(10_000);
  for (let sent = 1; hub.waiting.size === 0; sent++) {
    expect(sent).toBeLessThan(2_000);
    hub.emit('a', pad);
    await waitFor(() => quick.heard.length === sent);
  }
  expect([...hub.waiting]).toEqual([slow.socket]);
  clientTcpOf(slow.client).resume();
});

test('what the system takes of a write goes past the stream, and the rest through it', async () => {
  const hub = await serve();
  const one = await hub.join();
  const tcp = tcpOf(one.socket.conn.transport) as TcpSocket & { bytesWritten: number };
  const before = tcp.bytesWritten;
  hub.emit('a', 'small');
  await waitFor(() => one.heard.length === 1);
  expect(tcp.bytesWritten).toBe(before);
  const straight = hub.straightBytes();
  clientTcpOf(one.client).pause();
  const text = 'ü'.repeat(8_000_000);
  hub.emit('b', text);
  await waitFor(() => hub.waiting.size === 1);
  const taken = hub.straightBytes() - straight;
  expect(taken).toBeGreaterThan(0);
  expect(taken + tcp.bytesWritten - before).toBeGreaterThan(Buffer.byteLength(text));
  const [, whole] = await Promise.all([clientTcpOf(one.client).resume(), new Promise((resolve) => one.client.once('b', resolve))]);
  expect(whole).toBe(text);
  // Once it has drained, the first write is the stream's.
  hub.emit('c', 1);
  await waitFor(() => one.heard.at(-1) === 'c 1');
  const drained = tcp.bytesWritten;
  hub.emit('d', 1);
  await waitFor(() => one.heard.at(-1) === 'd 1');
  expect(tcp.bytesWritten).toBe(drained);
});

test('what is sent to a connection that has just gone reaches no other file that has got its number', async () => {
  const hub = await serve();
  const [gone, other] = [await hub.join(), await hub.join()];
  const { _handle: handle } = tcpOf(gone.socket.conn.transport)!;
  const { fd } = handle;
  hub.emit('a', 1);
  // The descriptor is free from here on; that the socket has closed is told later.
  tcpOf(gone.socket.conn.transport)!.destroy();
  const directory = mkdtempSync(join(tmpdir(), 'roomcast-'));
  const file = openSync(join(directory, 'file'), 'w');
  ends.push(() => {
    closeSync(file);
    rmSync(directory, { recursive: true });
  });
  expect(file).toBe(fd);
  await waitFor(() => other.heard.length === 1);
  expect(handle.fd).toBeLessThan(0);
  expect(fstatSync(file).size).toBe(0);
});

test('a message of the log goes out as the text that the log has', async () => {
  const hub = await serve();
  const one = await hub.join();
  const message = { room: 'chat:x', id: 'ü🦊' };
  hub.output.message('room', { epoch: 'e', seq: 1, bytes: 1, json: JSON.stringify(message), message: undefined as never });
  hub.output.message('room', { epoch: 'e', seq: 2, bytes: 1, message: { ...message, data: Buffer.of(1, 2) } as never });
  await waitFor(() => one.heard.length === 2);
  expect(one.heard[0]).toBe(`message ${JSON.stringify(message)}`);
  expect(one.heard[1]).toContain('"data":{"type":"Buffer","data":[1,2]}');
});

test('who joins in the middle of a turn gets what comes then, and who leaves what came before', async () => {
  const hub = await serve();
  const [early, late] = [await hub.join(), await hub.join()];
  late.socket.leave('room');
  hub.emit('a', 1);
  void late.socket.join('room');
  hub.emit('b', 2);
  early.socket.leave('room');
  hub.emit('c', 3);
  early.socket.emit('end');
  late.socket.emit('end');
  await waitFor(() => early.heard.length === 3 && late.heard.length === 3);
  expect(early.heard).toEqual(['a 1', 'b 2', 'end undefined']);
  expect(late.heard).toEqual(['b 2', 'c 3', 'end undefined']);
});

test('a client on long-polling gets the same as one on a WebSocket', async () => {
  const hub = await serve();
  const [polling, websocket] = [await hub.join(['polling']), await hub.join()];
  for (let i = 0; i < 50; i++) {
    hub.emit('room', i);
    for (const { socket } of [polling, websocket]) socket.emit('direct', i);
  }
  await waitFor(() => polling.heard.length === 100 && websocket.heard.length === 100);
  expect(polling.heard).toEqual(websocket.heard);
});

test('what was sent before a disconnection in the same turn arrives, and then the connection ends', async () => {
  const hub = await serve();
  const one = await hub.join();
  hub.emit('a', 1);
  one.socket.disconnect(true);
  hub.emit('b', 2);
  await waitFor(() => one.client.disconnected);
  expect(one.heard).toEqual(['a 1']);
});

test('one that does not read keeps the order when it reads again, and misses no more than volatile messages', async () => {
  const hub = await serve();
  const [slow, quick] = [await hub.join(), await hub.join()];
  clientTcpOf(slow.client).pause();
  const pad = 'x'.repeat(40_000);
  const sender = senderOf((slow.socket.conn.transport as unknown as { socket: unknown }).socket)!;
  let sent = 0;
  const send = () => {
    hub.emit('room', `${sent}:${pad}`);
    slow.socket.emit('direct', `${sent}:${pad}`);
    sent++;
  };
  while (!sender.congested) {
    expect(sent).toBeLessThan(2_000);
    send();
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (let i = 0; i < 50; i++) {
    send();
    slow.socket.volatile.emit('volatile');
    if (i % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  clientTcpOf(slow.client).resume();
  await waitFor(() => slow.heard.length >= 2 * sent && !sender.congested);
  send();
  await waitFor(() => quick.heard.length === sent && slow.heard.at(-1) === `direct ${`${sent - 1}:${pad}`.slice(0, 8)}`);
  const order = (event: string) => Array.from({ length: sent }, (_, i) => `${event} ${`${i}:${pad}`.slice(0, 8)}`);
  expect(quick.heard).toEqual(order('room'));
  expect(slow.heard.filter((name) => name !== 'volatile undefined')).toEqual(
    order('room').flatMap((name, i) => [name, order('direct')[i]]),
  );
});

test('one that pings while it does not keep up is answered, and goes on: what waits for its turn is not forgotten', async () => {
  const hub = await serve();
  const slow = await hub.join();
  const near = (slow.socket.conn.transport as unknown as { socket: WebSocket }).socket;
  const { ws: far } = (slow.client.io.engine as unknown as { transport: { ws: WebSocket } }).transport;
  const sender = senderOf(near)!;
  let [pings, pongs] = [0, 0];
  near.on('ping', () => pings++);
  far.on('pong', () => pongs++);
  clientTcpOf(slow.client).pause();
  for (let sent = 0; !sender.congested; sent++) {
    expect(sent).toBeLessThan(2_000);
    slow.socket.emit('direct', 'x'.repeat(100_000));
    await new Promise((resolve) => setImmediate(resolve));
  }
  // With engine.io: it waits to be told that this has left.
  slow.socket.emit('waiting');
  const PINGS = 40;
  for (let n = 0; n < PINGS; n++) far.ping(String(n));
  await waitFor(() => pings === PINGS);
  slow.socket.emit('behind');
  clientTcpOf(slow.client).resume();
  await waitFor(() => slow.heard.at(-1) === 'behind undefined' && pongs === PINGS);
  // ws ends a connection with too many pings that are not answered yet.
  for (let n = 0; n < PINGS; n++) far.ping(String(n));
  await waitFor(() => pongs === 2 * PINGS);
  expect(slow.client.connected).toBe(true);
});

test('a compressed message is made once for all who take it, and the others get it plain', async () => {
  const hub = await serve({ compression: true });
  const [one, two] = [await hub.join(), await hub.join()];
  const small = 'small';
  const text = 'some words '.repeat(400);
  const large = 'other words '.repeat(10_000);
  for (const payload of [small, text, large, small]) hub.emit('room', payload);
  one.socket.emit('direct', large);
  one.socket.emit('direct', small);
  await waitFor(() => one.heard.length === 6 && two.heard.length === 4);
  expect(one.heard).toEqual(['room small', 'room some wor', 'room other wo', 'room small', 'direct other wo', 'direct small']);
  expect(two.heard).toEqual(one.heard.slice(0, 4));
  const sender = senderOf((one.socket.conn.transport as unknown as { socket: unknown }).socket);
  expect(sender).toMatchObject({ takesCompressed: true });
  expect(hub.straightBytes()).toBeGreaterThan(1_000);
  expect(hub.straightBytes()).toBeLessThan(20_000);
});
