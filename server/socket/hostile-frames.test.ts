import { once } from 'node:events';
import { connect, type Socket as TcpSocket } from 'node:net';
import { expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { openMemoryHub } from '../../test/support/memory-hub.js';
import { testScope } from '../../test/support/scope.js';
import { connectClient, type StockClient } from '../../test/support/stock-client.js';
import { waitFor } from '../../test/support/wait.js';
import type { Options } from '../config.js';
import type { StartedHub } from '../start-hub.js';

const scope = testScope();
const PAYLOAD_BYTES = 100_000;
/** ws's code for a message that is too large (RFC 6455, 7.4.1). */
const TOO_LARGE = 1009;
const FIN = 0x80;
const TEXT = 1;
const MASKED = 0x80;
const NO_MASK = Buffer.alloc(4);
/** Of RFC 6455, 1.3. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

let hub: StartedHub;
let witness: StockClient;

async function openHub(options: Partial<Options> = {}): Promise<void> {
  hub = await openMemoryHub(scope, { payloadBytes: PAYLOAD_BYTES, ...options });
  witness = await connectClient(scope, hub.url);
  await witness.subscribe('chat:calm');
}

/** Whatever was done to the hub, it goes on for the others. */
async function calm(): Promise<void> {
  const { id } = await witness.publish('chat:calm', { text: 'alive' });
  await witness.hears(id);
  await waitFor(() => hub.io.engine.clientsCount === 1, { what: 'the hostile connection to be gone' });
}

/** A WebSocket that has had its opening packet, and the connection under it. */
async function open(options: object = {}) {
  const websocket = new WebSocket(`${hub.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, options);
  scope.defer(websocket, (one) => one.terminate());
  websocket.on('error', () => {});
  const closed = once(websocket, 'close');
  await once(websocket, 'message');
  return { websocket, closed, tcp: (websocket as unknown as { _socket: TcpSocket })._socket };
}

/** A client's frame with a mask that changes nothing. */
function frame(first: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header[0] = first;
  header[1] = MASKED | 126;
  header.writeUInt16BE(payload.length, 2);
  return Buffer.concat([header, NO_MASK, payload]);
}

test('a client that speaks in one breath with its upgrade is heard, and its connection is as any other', async () => {
  await openHub();
  const { websocket } = await open();
  websocket.send('40{}');
  await waitFor(() => hub.io.sockets.sockets.size === 2);
  const tcp = scope.defer(connect(Number(new URL(hub.url).port), '127.0.0.1'), (socket) => socket.destroy());
  const lines = ['Host: x', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${KEY}`];
  const request = Buffer.from(`GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  tcp.write(Buffer.concat([request, frame(FIN | TEXT, Buffer.from('40{}'))]));
  tcp.resume();
  await waitFor(() => hub.io.sockets.sockets.size === 3);
  const [usual, hasty] = [...hub.io.sockets.sockets.values()].slice(1).map(({ conn }) => conn.request.socket);
  const listenersOf = (socket: TcpSocket) => ['close', 'data', 'end', 'error'].map((event) => socket.listenerCount(event));
  expect(listenersOf(hasty!)).toEqual(listenersOf(usual!));
  tcp.destroy();
  websocket.terminate();
  await calm();
});

test('a message that unpacks to more than may come at once ends its connection, and is not unpacked', async () => {
  await openHub({ compression: true });
  const { websocket, closed } = await open({ perMessageDeflate: { threshold: 0 } });
  expect(websocket.extensions).toContain('permessage-deflate');
  const before = process.memoryUsage().external;
  // A hundredth of it on the wire.
  const bomb = Buffer.alloc(64_000_000);
  websocket.send(bomb);
  expect((await closed)[0]).toBe(TOO_LARGE);
  expect(process.memoryUsage().external - before).toBeLessThan(1.5 * bomb.length);
  await calm();
});

test('a frame that says it has a terabyte ends its connection at its header', async () => {
  await openHub();
  const { closed, tcp } = await open();
  const header = Buffer.alloc(10);
  header[0] = FIN | TEXT;
  header[1] = MASKED | 127;
  header.writeBigUInt64BE(2n ** 40n, 2);
  tcp.write(Buffer.concat([header, NO_MASK]));
  expect((await closed)[0]).toBe(TOO_LARGE);
  await calm();
});

test('a message in parts that never ends is ended at its size', async () => {
  await openHub();
  const { closed, tcp } = await open();
  const part = Buffer.alloc(10_000, 'x');
  tcp.write(frame(TEXT, part));
  for (let sent = 0; sent < 500; sent++) tcp.write(frame(0, part));
  expect((await closed)[0]).toBe(TOO_LARGE);
  await calm();
});

test('one that pings without end and reads no answer is ended, and little waits for it', async () => {
  await openHub({ pingTimeoutMs: 60_000 });
  const { websocket, closed, tcp } = await open();
  websocket.send('40{}');
  await waitFor(() => hub.io.sockets.sockets.size === 2);
  const near = [...hub.io.sockets.sockets.values()].find(({ id }) => id !== witness.socket.id)!;
  const { socket } = near.conn.transport as unknown as { socket: WebSocket };
  tcp.pause();
  const ping = 'x'.repeat(125);
  let most = 0;
  // A turn between: answers are written at its end.
  for (let round = 0; near.connected; round++) {
    expect(round).toBeLessThan(5_000);
    for (let n = 0; n < 100; n++) websocket.ping(ping);
    most = Math.max(most, socket.bufferedAmount);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(most).toBeLessThan(4_000_000);
  tcp.resume();
  await closed;
  await calm();
});

test.each([
  ['binary where a text is due', Buffer.from([1, 2, 3])],
  ['more binary parts than a packet may have', `45${'9'.repeat(6)}-["publish",{"_placeholder":true,"num":0}]`],
  ['a type that there is not', '9'],
])('%s ends its connection', async (_what, packet) => {
  await openHub();
  const { websocket, closed } = await open();
  websocket.send('40{}');
  websocket.send(packet);
  await closed;
  await calm();
});
