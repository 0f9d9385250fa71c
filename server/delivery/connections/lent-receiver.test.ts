import { createServer } from 'node:http';
import { connect, type Socket as TcpSocket } from 'node:net';
import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type WebSocket, WebSocketServer } from 'ws';
import { fileScope } from '../../../test/support/scope.js';
import { waitFor } from '../../../test/support/wait.js';
import { LentReceiver } from './lent-receiver.js';
import { Receivers } from './receivers.js';

const scope = fileScope();
const MAX_PAYLOAD = 200_000;

/** What a server's WebSocket tells of one client. */
interface Side {
  readonly heard: string[];
  readonly socket: WebSocket;
}

async function openServer(small: boolean): Promise<{ url: string; sides: Side[] }> {
  const http = createServer();
  const server = new WebSocketServer({ server: http, maxPayload: MAX_PAYLOAD });
  const receivers = new Receivers({ ws: server });
  const sides: Side[] = [];
  server.on('connection', (socket) => {
    const heard: string[] = [];
    const hear = (text: string, kind = 'text') => void heard.push(`${kind} ${text.length} ${text.slice(0, 40)}`);
    if (small) receivers.lend(socket, { isAlone: true, hear });
    socket.on('message', (data, isBinary) => hear(String(data), isBinary ? 'binary' : 'text'));
    socket.on('ping', (data) => heard.push(`ping ${data}`));
    socket.on('pong', (data) => heard.push(`pong ${data}`));
    socket.on('error', (error) => heard.push(`error ${(error as { code?: string }).code}`));
    socket.on('close', (code, reason) => heard.push(`close ${code} ${reason}`));
    sides.push({ heard, socket });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  scope.defer(http, (open) => new Promise((resolve) => open.close(resolve).closeAllConnections()));
  scope.defer(server, () => sides.forEach(({ socket }) => void socket.terminate()));
  return { url: `ws://127.0.0.1:${(http.address() as { port: number }).port}`, sides };
}

/** A client that writes bytes as it is told to. */
async function openTcp(server: { url: string; sides: Side[] }): Promise<{ tcp: TcpSocket; side: Side }> {
  const place = server.sides.length;
  const { hostname, port } = new URL(server.url);
  const tcp = connect(Number(port), hostname);
  scope.defer(tcp, (open) => open.destroy());
  tcp.on('error', () => {});
  tcp.setNoDelay();
  tcp.write(
    `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );
  tcp.resume();
  await waitFor(() => server.sides.length > place);
  return { tcp, side: server.sides[place]! };
}

const MASK = Buffer.from([0x81, 0x07, 0xff, 0x30]);

function frame(first: number, payload: Buffer): Buffer {
  const length = Buffer.alloc(payload.length < 126 ? 1 : payload.length < 65_536 ? 3 : 9);
  length[0] = 0x80 | (payload.length < 126 ? payload.length : payload.length < 65_536 ? 126 : 127);
  if (length.length === 3) length.writeUInt16BE(payload.length, 1);
  if (length.length === 9) length.writeBigUInt64BE(BigInt(payload.length), 1);
  const masked = payload.map((byte, index) => byte ^ MASK[index % MASK.length]!);
  return Buffer.concat([Buffer.from([first]), length, MASK, masked]);
}

const TEXT = (text: string) => frame(0x81, Buffer.from(text));
const PARTS = [
  TEXT('short'),
  TEXT('é€😀'),
  TEXT('x'.repeat(125)),
  TEXT('ü'.repeat(300)),
  TEXT('x'.repeat(16 * 1024)),
  TEXT('x'.repeat(16 * 1024 + 1)),
  TEXT('x'.repeat(70_000)),
  frame(0x82, Buffer.alloc(300, 7)),
  Buffer.concat([frame(0x01, Buffer.from('frag')), frame(0x89, Buffer.from('between')), frame(0x80, Buffer.from('mented'))]),
  frame(0x8a, Buffer.from('unasked')),
  TEXT(''),
];
const ENDS = [
  frame(0x88, Buffer.from([0x03, 0xe8, 0x6f, 0x6b])),
  frame(0x88, Buffer.alloc(0)),
  // Reserved bits, no mask, not UTF-8, too large, a continuation of nothing.
  frame(0xf1, Buffer.from('x')),
  Buffer.from([0x81, 0x01, 0x41]),
  frame(0x81, Buffer.from([0xff, 0xfe])),
  frame(0x81, Buffer.alloc(MAX_PAYLOAD + 1, 65)),
  frame(0x80, Buffer.from('x')),
];

let stock: Awaited<ReturnType<typeof openServer>>;
let small: Awaited<ReturnType<typeof openServer>>;
beforeAll(async () => {
  [stock, small] = [await openServer(false), await openServer(true)];
});

async function write(tcp: TcpSocket, chunks: readonly Buffer[]): Promise<void> {
  for (const chunk of chunks) await new Promise<void>((resolve) => tcp.write(chunk, () => resolve()));
}

/** Cuts bytes at the places given as parts of the whole. */
function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((part) => Math.floor(part * bytes.length)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index]!, end));
}

test('two clients whose frames come in pieces, one between the other, are heard as by ws itself', async () => {
  const story = fc.record({
    parts: fc.array(fc.nat(PARTS.length - 1), { maxLength: 12 }),
    end: fc.nat(ENDS.length - 1),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
  });
  await fc.assert(
    fc.asyncProperty(story, story, async (one, two) => {
      const heard = await Promise.all(
        [stock, small].map(async (server) => {
          const clients = [await openTcp(server), await openTcp(server)];
          await Promise.all(
            [one, two].map(({ parts, end, cuts }, index) =>
              write(clients[index]!.tcp, cut(Buffer.concat([...parts.map((part) => PARTS[part]!), ENDS[end]!]), cuts)),
            ),
          );
          await waitFor(() => clients.every(({ side }) => side.heard.at(-1)?.startsWith('close')));
          return clients.map(({ side }) => side.heard);
        }),
      );
      expect(heard[1]).toEqual(heard[0]);
    }),
    { numRuns: 40 },
  );
}, 60_000);

test('a quiet connection has no receiver of its own, neither before its first message nor after its last', async () => {
  const { tcp, side } = await openTcp(small);
  const held = () => (side.socket as unknown as { _receiver: { isHolding: boolean } })._receiver.isHolding;
  expect((side.socket as unknown as { _receiver: unknown })._receiver).toBeInstanceOf(LentReceiver);
  expect(held()).toBe(false);
  await write(tcp, [TEXT('hello').subarray(0, 8)]);
  await waitFor(held);
  await write(tcp, [TEXT('hello').subarray(8), TEXT('y'.repeat(100_000))]);
  await waitFor(() => side.heard.length === 2 && !held());
});

test('between the fragments of one client another is heard whole', async () => {
  const [one, two] = [await openTcp(small), await openTcp(small)];
  await write(one.tcp, [frame(0x01, Buffer.from('frag')), frame(0x89, Buffer.from('now'))]);
  await waitFor(() => one.side.heard.length === 1);
  await write(two.tcp, [TEXT('whole')]);
  await waitFor(() => two.side.heard.length === 1);
  await write(one.tcp, [frame(0x80, Buffer.from('mented'))]);
  await waitFor(() => one.side.heard.length === 2);
  expect(one.side.heard).toEqual(['ping now', 'text 10 fragmented']);
  expect(two.side.heard).toEqual(['text 5 whole']);
});

test('a connection that is cut in the middle of a frame ends as with ws itself', async () => {
  const heard = await Promise.all(
    [stock, small].map(async (server) => {
      const { tcp, side } = await openTcp(server);
      await write(tcp, [TEXT('whole'), TEXT('half').subarray(0, 3)]);
      await waitFor(() => side.heard.length === 1);
      tcp.destroy();
      await waitFor(() => side.heard.length === 2);
      return side.heard;
    }),
  );
  expect(heard[1]).toEqual(heard[0]);
});
