import { afterEach, expect, test } from '@jest/globals';
import { io, type Socket } from 'socket.io-client';
import type { Ack, Message, Notice, SubscribeAnswer } from '../../shared/protocol.js';
import { waitFor } from '../../test/support/wait.js';
import { configFrom, type Options } from '../config.js';
import { type StartedHub, startHub } from '../start-hub.js';
import { unsentBytes } from './unsent.js';

const UNSENT_BYTES = 64 * 1024;
const BEHIND = 100;
const PADDING = 'x'.repeat(40_000);

const ends: (() => unknown)[] = [];
afterEach(async () => {
  published = 0;
  for (const end of ends.splice(0).reverse()) await end();
});

async function open(options: Partial<Options> = {}): Promise<StartedHub> {
  const hub = await startHub(
    configFrom({
      store: 'memory',
      port: 0,
      web: false,
      hostMetrics: false,
      limits: false,
      logLevel: 'silent',
      unsentBytes: UNSENT_BYTES,
      ...options,
    }),
  );
  ends.push(() => hub.close());
  return hub;
}

async function join(hub: StartedHub, room: string) {
  const socket = io(hub.url, { transports: ['websocket'], reconnection: false });
  ends.push(() => socket.disconnect());
  const messages: Message<{ n: number }>[] = [];
  const notices: Notice[] = [];
  socket.on('message', (message) => messages.push(message));
  socket.on('notice', (notice) => notices.push(notice));
  const answer: Ack<SubscribeAnswer> = await socket.timeout(5_000).emitWithAck('subscribe', { room });
  expect(answer).toMatchObject({ ok: true });
  const tcp = tcpOf(socket);
  ends.push(() => tcp.destroy());
  return { socket, tcp, messages, notices, numbers: () => messages.map(({ data }) => data.n) };
}

interface TcpSocket {
  pause(): void;
  resume(): void;
  destroy(): void;
}

/** The TCP socket under a client: paused, nothing is read from it. */
function tcpOf(socket: Socket): TcpSocket {
  return (socket.io.engine as unknown as { transport: { ws: { _socket: TcpSocket } } }).transport.ws._socket;
}

let published = 0;
/** A turn after each: the hub is asked by clients, not by a loop. */
async function publish(hub: StartedHub, room: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await hub.publish(room, { n: ++published, pad: PADDING });
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function publishUntilHeld(hub: StartedHub, room: string): Promise<void> {
  for (let round = 0; (await held(hub)) !== '1'; round++) {
    expect(round).toBeLessThan(200);
    await publish(hub, room, 20);
  }
}

const range = (to: number) => Array.from({ length: to }, (_, i) => i + 1);
const held = async (hub: StartedHub) => /^roomcast_slow_consumers (\d+)/m.exec(await (await fetch(`${hub.url}/metrics`)).text())?.[1];

test('a client that does not read is held, the others are not, and it goes on from the log without loss', async () => {
  const hub = await open();
  const [slow, quick] = [await join(hub, 'chat:slow'), await join(hub, 'chat:slow')];
  slow.tcp.pause();
  await publishUntilHeld(hub, 'chat:slow');
  await publish(hub, 'chat:slow', BEHIND);
  await waitFor(() => quick.messages.length === published, { timeoutMs: 10_000 });
  expect(slow.messages.length).toBeLessThan(published - BEHIND);
  slow.tcp.resume();
  await waitFor(() => slow.messages.length === published, { timeoutMs: 20_000 });
  expect(slow.numbers()).toEqual(range(published));
  // Catching up, it may be found full again.
  expect(slow.notices.length).toBeGreaterThan(0);
  for (const notice of slow.notices) expect(notice).toEqual({ kind: 'lagging', room: 'chat:slow', behind: expect.any(Number) });
  expect(quick.numbers()).toEqual(range(published));
  await waitFor(async () => (await held(hub)) === '0', { timeoutMs: 10_000 });
  await publish(hub, 'chat:slow', 1);
  await waitFor(() => slow.messages.length === published, { timeoutMs: 10_000 });
});

test('what waits for a client that does not read stays as it was when the client was held', async () => {
  const hub = await open();
  const slow = await join(hub, 'chat:bounded');
  slow.tcp.pause();
  await publishUntilHeld(hub, 'chat:bounded');
  const [server] = [...hub.io.sockets.sockets.values()];
  const before = unsentBytes(server!, Number.POSITIVE_INFINITY);
  await publish(hub, 'chat:bounded', 200);
  expect(unsentBytes(server!, Number.POSITIVE_INFINITY)).toBeLessThanOrEqual(before);
});

test('a client that asks on and on without reading the answers is cut off', async () => {
  const hub = await open();
  const greedy = await join(hub, 'chat:greedy');
  await publish(hub, 'chat:greedy', 200);
  await waitFor(() => greedy.messages.length === 200, { timeoutMs: 10_000 });
  greedy.tcp.pause();
  const ask = () => greedy.socket.emit('history', { room: 'chat:greedy', limit: 100 }, () => {});
  const isCutOff = () => {
    ask();
    return hub.io.sockets.sockets.size === 0;
  };
  await waitFor(isCutOff, { timeoutMs: 20_000 });
});
