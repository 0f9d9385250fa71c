import { expect, test } from '@jest/globals';
import { io, type Socket } from 'socket.io-client';
import type { Ack, LineBatch, Notice, SubscribeAnswer } from '../../shared/protocol.js';
import { metricOf, openMemoryHub } from '../../test/support/memory-hub.js';
import { testScope } from '../../test/support/scope.js';
import { waitFor } from '../../test/support/wait.js';
import type { StartedHub } from '../start-hub.js';

const scope = testScope();
const ROOM = 'logs:api';
const PADDING = 'x'.repeat(4_000);
const UNSENT_BYTES = 64 * 1024;

async function join(hub: StartedHub, wish: object) {
  const socket = scope.defer(io(hub.url, { transports: ['websocket'], reconnection: false, forceNew: true }), (one) => one.disconnect());
  const batches: LineBatch[] = [];
  const heard: string[] = [];
  const notices: Notice[] = [];
  socket.on('lines', (batch) => batches.push(batch));
  socket.onAny((event) => heard.push(event));
  socket.on('notice', (notice) => notices.push(notice));
  const answer: Ack<SubscribeAnswer> = await socket.timeout(5_000).emitWithAck('subscribe', { room: ROOM, ...wish });
  const numbers = () => batches.flatMap(({ lines }) => lines.map(({ fields }) => fields!.n as number));
  return { socket, answer, batches, heard, notices, numbers, tcp: tcpOf(socket) };
}

/** The TCP socket under a client: paused, nothing is read from it. */
const tcpOf = (socket: Socket) =>
  (socket.io.engine as unknown as { transport: { ws: { _socket: { pause(): void; resume(): void } } } }).transport.ws._socket;

const line = (n: number, level: 'error' | 'debug') => ({ text: PADDING, level, fields: { n } });
const publish = (hub: StartedHub, n: number) => hub.publish(ROOM, { lines: [line(n, 'error'), line(n, 'debug')] }, { type: 'lines' });

test('[P100] [P101] [P102] a filtered subscription gets lines instead of messages, from where it was on', async () => {
  const hub = await openMemoryHub(scope);
  await publish(hub, 1);
  const viewer = await join(hub, { filter: { level: 'error' }, last: 5 });
  expect(viewer.answer).toMatchObject({ ok: true, recovered: false, messages: [], lines: [line(1, 'error')] });
  await publish(hub, 2);
  await waitFor(() => viewer.numbers().length === 1);
  const { position } = viewer.batches[0]!;
  viewer.socket.disconnect();
  await publish(hub, 3);
  const back = await join(hub, { filter: { level: 'debug', fields: { n: '*' } }, since: position });
  expect(back.answer).toMatchObject({ ok: true, recovered: true, lines: [line(3, 'error'), line(3, 'debug')] });
  await publish(hub, 4);
  await waitFor(() => back.numbers().length === 2);
  expect(back.heard).not.toContain('message');
});

test('another filter takes the place of the first, and unsubscribe ends it', async () => {
  const hub = await openMemoryHub(scope);
  const viewer = await join(hub, { filter: { level: 'error' } });
  await viewer.socket.emitWithAck('subscribe', { room: ROOM, filter: { fields: { n: '2' } } });
  await publish(hub, 1);
  await publish(hub, 2);
  await waitFor(() => viewer.numbers().length === 2);
  expect(viewer.numbers()).toEqual([2, 2]);
  await viewer.socket.emitWithAck('unsubscribe', { room: ROOM });
  const barrier = await join(hub, { filter: {} });
  await publish(hub, 3);
  await waitFor(() => barrier.numbers().length === 2);
  expect(viewer.numbers()).toEqual([2, 2]);
});

test('[P100] a filter of a metric room, and one that is none, are refused', async () => {
  const hub = await openMemoryHub(scope);
  const { socket } = await join(hub, {});
  for (const [room, filter] of [
    ['metrics:host', {}],
    [ROOM, { level: 'loud' }],
    [ROOM, { text: '*'.repeat(9) }],
  ]) {
    expect(await socket.emitWithAck('subscribe', { room, filter })).toMatchObject({ ok: false, error: { code: 'invalid' } });
  }
});

const held = (hub: StartedHub) => metricOf(hub, 'roomcast_slow_consumers');

test.each([true, false])('[P43] [P103] a viewer that does not read is whole or told (skip: %s), and the others are whole', async (skip) => {
  const hub = await openMemoryHub(scope, { limits: false, unsentBytes: UNSENT_BYTES });
  const slow = await join(hub, { filter: { level: 'error' }, skip });
  const quick = await join(hub, { filter: { level: 'error' } });
  slow.tcp.pause();
  let n = 0;
  await waitFor(
    async () => {
      for (let i = 0; i < 50; i++) await publish(hub, ++n);
      return (await held(hub)) === 1;
    },
    { timeoutMs: 20_000 },
  );
  for (let i = 0; i < 400; i++) await publish(hub, ++n);
  slow.tcp.resume();
  await waitFor(() => slow.numbers().at(-1) === n && quick.numbers().length === n, { timeoutMs: 20_000 });
  expect(quick.numbers()).toEqual(Array.from({ length: n }, (_, i) => i + 1));
  const skipped = slow.batches.reduce((sum, batch) => sum + (batch.skipped ?? 0), 0);
  const got = slow.numbers();
  expect(got).toEqual([...new Set(got)].sort((a, b) => a - b));
  expect(got.length + skipped).toBe(n);
  expect(skipped > 0).toBe(skip);
  expect(slow.notices).toContainEqual({ kind: 'lagging', room: ROOM, behind: expect.any(Number) });
});
