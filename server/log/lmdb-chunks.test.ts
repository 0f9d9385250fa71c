import { expect, test } from '@jest/globals';
import { Chunk, chunkEnds, packChunk, type StoredBody } from './lmdb-chunks.js';

const TIME = 1_700_000_000_123.5;
const storedBody = (body: StoredBody['body']): StoredBody => ({ body, bytes: Buffer.byteLength(body) });
const text = (data: string) => storedBody(`"id":"a","type":"t","from":{"id":"u","name":"u"},"data":${JSON.stringify(data)}`);
const ofBytes = (bytes: number): StoredBody => ({ body: '', bytes });
const many = (count: number, bytes: number) => Array.from({ length: count }, () => ofBytes(bytes));

test('each entry of a chunk is read as it was packed, at its seq and time', () => {
  const texts = ['plain', 'ü 🦊 \u0000', '', 'x'.repeat(70_000)];
  const chunk = new Chunk(packChunk(TIME, texts.map(text)), 41);
  expect([chunk.first, chunk.last, chunk.time]).toEqual([38, 41, TIME]);
  for (const [i, data] of texts.entries()) {
    const entry = chunk.entry('chat:x', 'e', 38 + i);
    expect(entry).toMatchObject({ seq: 38 + i, message: { data, time: TIME, position: `e:${38 + i}` } });
    expect([entry.bytes, chunk.bytesOf(38 + i)]).toEqual([text(data).bytes, text(data).bytes]);
  }
});

test('bodies of bytes stand beside bodies of text', () => {
  const bytes = Buffer.from([0xa2, 0x69, 0x64, 0xff]);
  const packed = packChunk(TIME, [text('a'), storedBody(bytes), text('b')]);
  const chunk = new Chunk(packed, 3);
  expect([1, 2, 3].map((seq) => chunk.bytesOf(seq))).toEqual([text('a').bytes, 4, text('b').bytes]);
  expect(chunk.entry('chat:x', 'e', 2).text).toBeUndefined();
  expect(chunk.entry('chat:x', 'e', 3).message.data).toBe('b');
});

test('an entry that was stored by itself is a chunk of one, at any time since 1970', () => {
  for (const time of [0, 1, TIME, 1e15]) {
    const { body, bytes } = text('old');
    const value = Buffer.alloc(8 + bytes);
    value.writeDoubleBE(time);
    value.write(body as string, 8);
    const chunk = new Chunk(value, 7);
    expect([chunk.first, chunk.last, chunk.time]).toEqual([7, 7, time]);
    expect(chunk.entry('chat:x', 'e', 7)).toMatchObject({ bytes, message: { data: 'old', time } });
  }
});

test('entries are cut at 128, and at 32 kB; a large one is alone', () => {
  expect(chunkEnds([])).toEqual([]);
  expect(chunkEnds(many(3, 10))).toEqual([3]);
  expect(chunkEnds(many(300, 10))).toEqual([128, 256, 300]);
  expect(chunkEnds(many(5, 15_000))).toEqual([2, 4, 5]);
  expect(chunkEnds([ofBytes(10), ofBytes(200_000), ofBytes(10), ofBytes(10)])).toEqual([1, 2, 4]);
});
