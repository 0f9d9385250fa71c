import { afterEach, describe, expect, test } from '@jest/globals';
import { io, type Socket } from 'socket.io-client';
import { BOUNDS } from '../../shared/limits.js';
import type { Ack, Frame, Message, Notice, SubscribeAnswer } from '../../shared/protocol.js';
import { openMemoryHub } from '../../test/support/memory-hub.js';
import { testScope } from '../../test/support/scope.js';
import { waitFor } from '../../test/support/wait.js';
import type { Options } from '../config.js';
import type { StartedHub } from '../start-hub.js';
import { unsentBytes } from './unsent.js';

const UNSENT_BYTES = 64 * 1024;
const BEHIND = 100;
const GIVEN = 40;
const PADDING = 'x'.repeat(40_000);

const scope = testScope();
afterEach(() => {
  published = 0;
});

const open = (options: Partial<Options> = {}) => openMemoryHub(scope, { limits: false, unsentBytes: UNSENT_BYTES, ...options });

type Transport = 'websocket' | 'polling';

async function join(hub: StartedHub, room: string, transport: Transport = 'websocket') {
  const socket = scope.defer(io(hub.url, { transports: [transport], reconnection: false, forceNew: true }), (one) => one.disconnect());
  const messages: Message<{ n: number }>[] = [];
  const notices: Notice[] = [];
  const frames: Frame[] = [];
  socket.on('message', (message) => messages.push(message));
  socket.on('notice', (notice) => notices.push(notice));
  socket.on('frame', (frame) => frames.push(frame));
  const answer: Ack<SubscribeAnswer> = await socket.timeout(5_000).emitWithAck('subscribe', { room });
  expect(answer).toMatchObject({ ok: true });
  const tcp = scope.defer(transport === 'polling' ? pollsOf(socket) : tcpOf(socket), (one) => one.destroy());
  return { socket, tcp, messages, notices, frames, numbers: () => messages.map(({ data }) => data.n) };
}

interface TcpSocket {
  pause(): void;
  isPaused(): boolean;
  resume(): void;
  destroy(): void;
}

/** The TCP socket under a client: paused, nothing is read from it. */
function tcpOf(socket: Socket): TcpSocket {
  return (socket.io.engine as unknown as { transport: { ws: { _socket: TcpSocket } } }).transport.ws._socket;
}

/** The polls of a client: paused, it sends none once the one under way is answered. */
function pollsOf(socket: Socket): TcpSocket {
  const { transport } = socket.io.engine as unknown as {
    transport: { readyState: string; pause(paused: () => void): void; _poll(): void; onClose(): void };
  };
  return {
    destroy: () => transport.onClose(),
    isPaused: () => transport.readyState === 'paused',
    pause: () => transport.pause(() => {}),
    resume: () => {
      transport.readyState = 'open';
      transport._poll();
    },
  };
}

let published = 0;
/** A turn after each: the hub is asked by clients, not by a loop. */
async function publish(hub: StartedHub, room: string, count: number, more: object = {}): Promise<void> {
  for (let i = 0; i < count; i++) {
    await hub.publish(room, { n: ++published, pad: PADDING, ...more });
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function publishUntilHeld(hub: StartedHub, room: string): Promise<void> {
  for (let round = 0; (await held(hub)) !== '1'; round++) {
    expect(round).toBeLessThan(200);
    await publish(hub, room, 20);
  }
}

const SERIES = Array.from({ length: 4_000 }, (_, i) => `series_${i}`);
const publishSamples = (hub: StartedHub, base: number) =>
  hub.publish(
    'metrics:slow',
    { t: Date.now(), names: SERIES, values: SERIES.map((_, i) => (i === 0 ? base : base + i / 7)) },
    { type: 'samples' },
  );

async function publishSamplesUntil(hub: StartedHub, condition: () => boolean | Promise<boolean>): Promise<void> {
  let n = 0;
  await waitFor(() => publishSamples(hub, ++n).then(condition), { timeoutMs: 30_000 });
}

const range = (to: number, from = 1) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const metric = async (hub: StartedHub, series: string) =>
  (await (await fetch(`${hub.url}/metrics`)).text())
    .split('\n')
    .find((line) => line.startsWith(`${series} `))
    ?.split(' ')[1];
const held = (hub: StartedHub) => metric(hub, 'roomcast_slow_consumers');
const leftOut = async (hub: StartedHub, policy: string) =>
  Number(await metric(hub, `roomcast_slow_consumer_messages_left_out_total{policy="${policy}"}`));
const timesApplied = async (hub: StartedHub, policy: string) =>
  Number(await metric(hub, `roomcast_slow_consumer_policies_total{policy="${policy}"}`));

/** How many bytes wait at the hub for each of its clients. */
const unsent = (hub: StartedHub) => [...hub.io.sockets.sockets.values()].map((socket) => unsentBytes(socket, Number.POSITIVE_INFINITY));
const lagged = (notices: readonly Notice[]) => notices.filter((notice) => notice.kind === 'lagging');

/** Two readers of one room; one of them stops reading until it is held and `BEHIND` more messages were published. */
async function fallBehind(hub: StartedHub, { room, transport, more = {} }: { room: string; transport: Transport; more?: object }) {
  const [slow, quick] = [await join(hub, room, transport), await join(hub, room)];
  slow.tcp.pause();
  await waitFor(() => publish(hub, room, 1).then(() => slow.tcp.isPaused()));
  await publishUntilHeld(hub, room);
  await publish(hub, room, BEHIND, more);
  await waitFor(() => quick.messages.length === published);
  expect(quick.numbers()).toEqual(range(published));
  expect(slow.messages.length).toBeLessThan(published - BEHIND);
  return { slow, quick };
}

/** Up to the first number that is missing: what came before the reader was held. */
const unbroken = (numbers: readonly number[]) => numbers.findIndex((n, index) => n !== index + 1);

/** The reader reads again: it gets the newest message, and then all that come. */
async function readOn(hub: StartedHub, room: string, slow: Awaited<ReturnType<typeof join>>): Promise<number[]> {
  slow.tcp.resume();
  await waitFor(() => slow.numbers().at(-1) === published, { timeoutMs: 20_000 });
  const numbers = slow.numbers();
  await waitFor(async () => (await held(hub)) === '0');
  await publish(hub, room, 1);
  await waitFor(() => slow.numbers().at(-1) === published);
  expect(slow.messages).toHaveLength(numbers.length + 1);
  return numbers;
}

describe.each([
  ['turn', 'websocket'],
  ['stock', 'websocket'],
  ['turn', 'polling'],
] as const)('[P43] delivery %s over %s', (delivery, transport) => {
  test('catch-up: a client that does not read is held, the others are not, and it goes on from the log without loss', async () => {
    const hub = await open({ delivery });
    const { slow } = await fallBehind(hub, { room: 'chat:slow', transport });
    expect(await readOn(hub, 'chat:slow', slow)).toEqual(range(published - 1));
    // Catching up, it may be found full again.
    expect(slow.notices.length).toBeGreaterThan(0);
    for (const notice of slow.notices) expect(notice).toEqual({ kind: 'lagging', room: 'chat:slow', behind: expect.any(Number) });
    expect(await timesApplied(hub, 'catch-up')).toBeGreaterThan(0);
  });

  test('drop-oldest: it goes on with the newest messages', async () => {
    const hub = await open({ delivery, chatSlow: 'drop-oldest', slowMessages: GIVEN });
    const { slow } = await fallBehind(hub, { room: 'chat:slow', transport });
    const last = published;
    const numbers = await readOn(hub, 'chat:slow', slow);
    const before = unbroken(numbers);
    expect(numbers).toEqual([...range(before), ...range(last, last - GIVEN + 1)]);
    const behind = last - before;
    expect(slow.notices[0]).toEqual({ kind: 'lagging', room: 'chat:slow', behind, dropped: behind - GIVEN });
    expect(await leftOut(hub, 'drop-oldest')).toBe(behind - GIVEN);
    expect(await timesApplied(hub, 'drop-oldest')).toBeGreaterThan(0);
  });

  test('sample: it gets every k-th of what it missed, the newest included', async () => {
    const hub = await open({ delivery, chatSlow: 'sample', slowMessages: GIVEN });
    const { slow } = await fallBehind(hub, { room: 'chat:slow', transport });
    const last = published;
    const numbers = await readOn(hub, 'chat:slow', slow);
    const [lag] = lagged(slow.notices);
    // The first of the sample may be the very next one: only the notice tells them apart.
    const { behind } = lag!;
    const before = last - behind;
    const step = Math.ceil(behind / GIVEN);
    const sampled = range(behind)
      .map((back) => last - (back - 1) * step)
      .filter((n) => n > before)
      .reverse();
    expect(numbers).toEqual([...range(before), ...sampled]);
    expect(sampled.length).toBeLessThanOrEqual(GIVEN);
    expect(lagged(slow.notices)).toEqual([{ kind: 'lagging', room: 'chat:slow', behind, dropped: behind - sampled.length }]);
    expect(await leftOut(hub, 'sample')).toBe(behind - sampled.length);
  });

  test('latest-per-key: it gets the last message of each key', async () => {
    const hub = await open({ delivery, chatSlow: 'latest-per-key' });
    const { slow } = await fallBehind(hub, { room: 'chat:slow', transport, more: { key: 'EUR' } });
    await publish(hub, 'chat:slow', 10, { key: 'USD' });
    const last = published;
    const numbers = await readOn(hub, 'chat:slow', slow);
    const before = unbroken(numbers);
    expect(numbers.slice(before)).toEqual([last - 10 - BEHIND, last - 10, last].filter((n) => n > before));
    expect(await leftOut(hub, 'latest-per-key')).toBe(last - numbers.length);
  });

  test.each(['chat', 'metrics'] as const)('disconnect: a reader of a %s room is told why, and its connection ends', async (kind) => {
    const hub = await open({ delivery, [`${kind}Slow`]: 'disconnect', frameIntervalMs: 10, pingTimeoutMs: 60_000 });
    const slow = await join(hub, `${kind}:slow`, transport);
    const reason = new Promise((resolve) => slow.socket.once('disconnect', resolve));
    slow.tcp.pause();
    const isGone = () => hub.io.sockets.sockets.size === 0;
    if (kind === 'metrics') await publishSamplesUntil(hub, isGone);
    else await waitFor(() => publish(hub, 'chat:slow', 10).then(isGone));
    slow.tcp.resume();
    expect(await reason).toBe('io server disconnect');
    expect(slow.notices.at(-1)).toMatchObject({ kind: 'closing', error: { code: 'busy', retry: 'later' } });
    expect(await timesApplied(hub, 'disconnect')).toBe(1);
  });

  test('what waits for a client that does not read stays as it was when the client was held', async () => {
    const hub = await open({ delivery });
    const slow = await join(hub, 'chat:bounded', transport);
    slow.tcp.pause();
    await publishUntilHeld(hub, 'chat:bounded');
    const [before] = unsent(hub);
    await publish(hub, 'chat:bounded', 200);
    expect(unsent(hub)[0]).toBeLessThanOrEqual(before!);
  });
});

// Over WebSockets only: who sends no polls sends nothing else, and holds a timer of engine.io's for 30 s once it is gone.
describe.each(['turn', 'stock'] as const)('[P43] delivery %s', (delivery) => {
  test('latest-per-key in a metric room: it gets the newest value of each series', async () => {
    const hub = await open({ delivery, frameIntervalMs: 10 });
    const slow = await join(hub, 'metrics:slow');
    slow.tcp.pause();
    await publishSamplesUntil(hub, () => slow.tcp.isPaused());
    await publishSamplesUntil(hub, async () => (await held(hub)) === '1');
    await publishSamples(hub, -1);
    slow.tcp.resume();
    const newest = await waitFor(() => slow.frames.find(({ values }) => values.includes(-1)));
    expect(newest.values).toHaveLength(SERIES.length);
    expect(lagged(slow.notices)).toEqual([{ kind: 'lagging', room: 'metrics:slow', behind: expect.any(Number) }]);
    expect(await timesApplied(hub, 'latest-per-key')).toBeGreaterThan(0);
  });

  test('disconnect: one that does not read that either is gone when its heartbeat is missed', async () => {
    const hub = await open({ delivery, chatSlow: 'disconnect', pingIntervalMs: 500, pingTimeoutMs: 500 });
    const slow = await join(hub, 'chat:slow');
    slow.tcp.pause();
    await waitFor(() => publish(hub, 'chat:slow', 10).then(() => hub.io.engine.clientsCount === 0), { timeoutMs: 20_000 });
    expect(await timesApplied(hub, 'disconnect')).toBe(1);
  });

  test('a client that stops reading while it is given what it missed is held after one page', async () => {
    const hub = await open({ delivery });
    const before = await hub.publish('chat:long', { n: 0 });
    await publish(hub, 'chat:long', 1_000);
    const away = await join(hub, 'chat:other');
    away.tcp.pause();
    away.socket.emit('subscribe', { room: 'chat:long', since: before.position }, () => {});
    await waitFor(async () => (await held(hub)) === '1');
    // The acknowledgement is a page, too.
    expect(unsent(hub)[0]).toBeLessThan(UNSENT_BYTES + 2.1 * BOUNDS.pageBytes);
    away.tcp.resume();
    await waitFor(() => away.numbers().at(-1) === published, { timeoutMs: 20_000 });
  });

  test('a client that asks on and on without reading the answers is cut off, and nothing that waited for it is kept', async () => {
    const hub = await open({ delivery });
    const greedy = await join(hub, 'chat:greedy');
    await publish(hub, 'chat:greedy', 200);
    await waitFor(() => greedy.messages.length === 200);
    greedy.tcp.pause();
    const ask = () => greedy.socket.emit('history', { room: 'chat:greedy', limit: 100 }, () => {});
    const isCutOff = () => {
      ask();
      return hub.io.sockets.sockets.size === 0;
    };
    await waitFor(isCutOff, { timeoutMs: 20_000 });
    // Long before its heartbeat is missed.
    await waitFor(() => hub.io.engine.clientsCount === 0);
  });
});

test('[P43] a client that was sent a little more than the limit is held, also when no more is sent', async () => {
  const limit = 16_384;
  const hub = await open({ delivery: 'turn', unsentBytes: limit });
  const slow = await join(hub, 'chat:last');
  slow.tcp.pause();
  for (let sent = 0; unsent(hub)[0]! <= limit; sent++) {
    expect(sent).toBeLessThan(5_000);
    await hub.publish('chat:last', { n: ++published, pad: PADDING.slice(0, limit / 2) });
    // The turn ends behind the first of two, whichever was first.
    for (const _ of range(2)) await new Promise((resolve) => setImmediate(resolve));
  }
  await waitFor(async () => (await held(hub)) === '1');
});

test('[P43] with delivery turn nothing but what one turn sends comes on top of the limit, however many do not read', async () => {
  const limit = 4 * UNSENT_BYTES;
  const hub = await open({ delivery: 'turn', unsentBytes: limit });
  const slow = [];
  for (const _ of range(10)) slow.push(await join(hub, 'chat:fast'));
  const quick = await join(hub, 'chat:fast');
  for (const { tcp } of slow) tcp.pause();
  let most = 0;
  const allHeld = async () => Number(await held(hub)) >= slow.length;
  for (let bursts = 0; !(await allHeld()); bursts++) {
    expect(bursts).toBeLessThan(50);
    for (let i = 0; i < 50; i++) {
      await publish(hub, 'chat:fast', 1);
      most = Math.max(most, ...unsent(hub));
    }
  }
  await waitFor(() => quick.messages.length === published);
  expect(quick.numbers()).toEqual(range(published));
  expect(most).toBeGreaterThan(limit);
  expect(most).toBeLessThan(limit + 2 * PADDING.length);
});
