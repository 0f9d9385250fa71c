import { inflateRawSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { deflateMessage } from './deflate.js';
import { join, MessageFrame, ReadyFrame } from './frame.js';

interface Read {
  readonly opcode: number;
  readonly compressed: boolean;
  readonly payload: Buffer;
}

/** Takes frames of a server apart by RFC 6455, 5.2. */
function read(bytes: Buffer): Read[] {
  const frames: Read[] = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at]!;
    expect(first & 0x80).toBe(0x80);
    const short = bytes[at + 1]!;
    expect(short).toBeLessThan(128);
    const [length, start] = lengthAt(bytes, at, short);
    frames.push({ opcode: first & 0x0f, compressed: (first & 0x40) !== 0, payload: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return frames;
}

function lengthAt(bytes: Buffer, at: number, short: number): [length: number, start: number] {
  if (short === 126) return [bytes.readUInt16BE(at + 2), at + 4];
  if (short === 127) return [Number(bytes.readBigUInt64BE(at + 2)), at + 10];
  return [short, at + 2];
}

const inflate = (payload: Buffer) => inflateRawSync(Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff, 3, 0])])).toString();

test('texts of every header size stand one behind the other', () => {
  const sizes = [0, 1, 125, 126, 65_535, 65_536];
  const texts = sizes.map((size) => 'x'.repeat(size));
  const joined = join(
    texts.map((text) => new MessageFrame(text)),
    false,
  );
  expect(read(joined).map(({ opcode, payload }) => [opcode, payload.length])).toEqual(sizes.map((size) => [1, size]));
});

test('lengths are counted in bytes of UTF-8, also of halves of a surrogate pair', () => {
  const texts = ['ü🦊e\u0301\u2028', '\ud800', ''];
  const joined = join(
    texts.map((text) => new MessageFrame(text)),
    false,
  );
  expect(read(joined).map(({ payload }) => payload.toString())).toEqual(['ü🦊e\u0301\u2028', '\ufffd', '']);
});

test('bytes are a binary message', () => {
  const [frame] = read(join([new MessageFrame(Uint8Array.of(0, 255, 7))], true));
  expect(frame).toEqual({ opcode: 2, compressed: false, payload: Buffer.of(0, 255, 7) });
});

test('a frame that is there already keeps its bytes', () => {
  const parts = [Buffer.of(0x81, 3), 'abc'];
  expect(read(join([new ReadyFrame(parts), new ReadyFrame([Buffer.of(0x8a, 0)])], true)).map(({ opcode }) => opcode)).toEqual([1, 10]);
});

test('who takes it compressed gets the compressed form, the others the plain one', () => {
  const text = 'word '.repeat(300);
  const frame = new MessageFrame(text);
  frame.compress(deflateMessage);
  const [plain] = read(join([frame], false));
  const [compressed] = read(join([frame], true));
  expect(plain).toMatchObject({ compressed: false });
  expect(plain!.payload.toString()).toBe(text);
  expect(compressed).toMatchObject({ compressed: true });
  expect(compressed!.payload.length).toBeLessThan(100);
  expect(inflate(compressed!.payload)).toBe(text);
});

test('a large text is compressed beside the event loop, and goes plain until that is done', async () => {
  const text = 'many words '.repeat(10_000);
  const frame = new MessageFrame(text);
  frame.compress(deflateMessage);
  expect(read(join([frame], true))[0]).toMatchObject({ compressed: false });
  await frame.pending;
  const [compressed] = read(join([frame], true));
  expect(compressed).toMatchObject({ compressed: true });
  expect(inflate(compressed!.payload)).toBe(text);
  expect(frame.pending).toBeUndefined();
});

test('large bytes are compressed too, from a view into a larger buffer', async () => {
  const pool = new Uint8Array(100_000).map((_, i) => i % 7);
  const view = pool.subarray(5, 90_000);
  const frame = new MessageFrame(view);
  frame.compress(deflateMessage);
  await frame.pending;
  const [compressed] = read(join([frame], true));
  expect(compressed).toMatchObject({ opcode: 2, compressed: true });
  expect(Buffer.from(inflateRawSync(Buffer.concat([compressed!.payload, Buffer.from([0, 0, 0xff, 0xff, 3, 0])])))).toEqual(
    Buffer.from(view),
  );
});

test('a message is compressed once', () => {
  let calls = 0;
  const deflate = (payload: string | Uint8Array) => {
    calls++;
    return deflateMessage(payload);
  };
  const frame = new MessageFrame('x'.repeat(2_000));
  frame.compress(deflate);
  frame.compress(deflate);
  join([frame], true);
  join([frame], true);
  expect(calls).toBe(1);
});
