import { Duplex } from 'node:stream';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type WebSocket, WebSocketServer } from 'ws';
import { type WsParts, WsSocket } from '../ws-internals.js';
import type { LentReceiver } from './lent-receiver.js';
import { WsModel } from './ws-model.js';

type ServerOptions = WebSocketServer['options'];

const NO_HEAD = Buffer.alloc(0);
const turnEnd = () => new Promise((resolve) => setImmediate(resolve));

/** One client's connection, without a system under it, and all that is heard from it. */
class Side {
  readonly heard: string[] = [];
  /** Texts that did not come through a receiver of ws. */
  short = 0;
  readonly #stream = new Duplex({ read: () => {}, write: (_bytes, _encoding, written) => written() });

  constructor(options: ServerOptions, model?: WsModel) {
    const websocket = new WsSocket(null, undefined, options) as WebSocket & WsParts;
    if (model) model.setUp(websocket, this.#stream);
    else websocket.setSocket(this.#stream, NO_HEAD, options);
    const note = (what: string, data: unknown) => void this.heard.push(`${what} ${data}`);
    websocket.on('message', (data, isBinary) => note(isBinary ? 'binary' : 'text', isBinary ? (data as Buffer).toString('hex') : data));
    websocket.on('ping', (data) => note('ping', data.toString('hex')));
    websocket.on('pong', (data) => note('pong', data.toString('hex')));
    websocket.on('error', (error) => note('error', (error as { code?: string }).code));
    websocket.on('close', (code) => note('closed', code));
    // What is answered is the sender's, of which there is none here.
    websocket.close = (code) => note('close', code);
    websocket.pong = () => {};
    if (model)
      (websocket._receiver as LentReceiver).hearer = {
        isAlone: true,
        hear: (text) => {
          this.short++;
          note('text', text);
        },
      };
  }

  /** A read's bytes; none: the client has ended. */
  async read(bytes: Buffer | null): Promise<void> {
    // A copy: ws takes the mask off in place.
    this.#stream.push(bytes && Buffer.from(bytes));
    await turnEnd();
  }
}

interface FrameParts {
  readonly first: number;
  readonly isMasked: boolean;
  readonly mask: Uint8Array;
  /** Bytes that its length is written in, at least. */
  readonly lengthBytes: 0 | 2 | 8;
  readonly payload: Buffer;
}

function toFrame({ first, isMasked, mask, lengthBytes, payload }: FrameParts): Buffer {
  const { length } = payload;
  const bytes = Math.max(lengthBytes, length < 126 ? 0 : length < 65_536 ? 2 : 8);
  const head = Buffer.alloc(2 + bytes);
  head[0] = first;
  head[1] = (isMasked ? 0x80 : 0) | (bytes === 0 ? length : bytes === 2 ? 126 : 127);
  if (bytes === 2) head.writeUInt16BE(length, 2);
  if (bytes === 8) head.writeBigUInt64BE(BigInt(length), 2);
  if (!isMasked) return Buffer.concat([head, payload]);
  return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ mask[index % 4]!)]);
}

/** Around the lengths at which something changes. */
const LENGTHS = [0, 1, 5, 99, 100, 101, 125, 126, 127, 16_383, 16_384, 16_385, 65_535, 65_536];
const payload = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.constantFrom(...LENGTHS).map((length) => Buffer.alloc(length, 'xyz')) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 10 }).map((bytes) => Buffer.from(bytes)) },
);
/** A whole text mostly; else fragments, control frames, and what no client may send. */
const first = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0x81) },
  { weight: 2, arbitrary: fc.constantFrom(0x01, 0x80, 0x82, 0x89, 0x8a) },
  {
    weight: 1,
    arbitrary: fc.nat(255),
  },
);
const frame = fc
  .record({
    first,
    isMasked: fc.oneof({ weight: 30, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    mask: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    lengthBytes: fc.constantFrom(0 as const, 0 as const, 2 as const, 8 as const),
    payload,
  })
  .map(toFrame);

/** What one client sends, in the pieces in which it is read. */
const pieces = fc
  .record({
    frames: fc.array(frame, { minLength: 1, maxLength: 6 }),
    cuts: fc.oneof(fc.array(fc.nat(1_000), { maxLength: 6 }), fc.constant('all' as const)),
    lost: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(20) }),
  })
  .map(({ frames, cuts, lost }) => {
    const bytes = Buffer.concat(frames);
    const sent = bytes.subarray(0, Math.max(1, bytes.length - lost));
    // At every byte of what is short enough; else at the places given, most of them in a head or not far behind it.
    const places = cuts === 'all' && sent.length <= 200 ? [...sent.keys()] : cuts === 'all' ? [] : cuts;
    const ends = [...new Set([0, ...places.map((place) => place % sent.length), sent.length])].sort((a, b) => a - b);
    return ends.slice(1).map((end, index) => sent.subarray(ends[index]!, end));
  });

test('whatever bytes two clients send, in whatever pieces, are heard as ws hears them', async () => {
  let short = 0;
  await fc.assert(
    fc.asyncProperty(fc.tuple(pieces, pieces), fc.constantFrom(0, 100, 20_000), async (clients, maxPayload) => {
      const { options } = new WebSocketServer({ noServer: true, maxPayload });
      const model = new WsModel(options);
      const stock = clients.map(() => new Side(options));
      const ours = clients.map(() => new Side(options, model));
      const reads = Math.max(...clients.map(({ length }) => length));
      for (let at = 0; at <= reads; at++)
        // The end, once all is read.
        for (const [index, client] of clients.entries())
          if (at <= client.length) for (const side of [stock[index]!, ours[index]!]) await side.read(client[at] ?? null);
      await turnEnd();
      expect(ours.map(({ heard }) => heard)).toEqual(stock.map(({ heard }) => heard));
      short += ours.reduce((sum, side) => sum + side.short, 0);
    }),
    { numRuns: 400 },
  );
  expect(short).toBeGreaterThan(100);
});
