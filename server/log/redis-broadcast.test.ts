import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeBroadcast, textFrame } from '../adapter/hub-broadcast.js';
import { encodeBody } from './entry-codec.js';
import { broadcastReader } from './redis-broadcast.js';

const ROOM = 'chat:ü';

/** As `append.lua` puts it together. */
function broadcast(data: unknown, { epoch = 'e1', seq = 7, time = 1_700_000_000_000 } = {}): Buffer {
  const body = encodeBody({ room: ROOM, id: 'm1', type: 'text', from: { id: 'u', name: 'u' }, data });
  const { head, tail } = textFrame(ROOM);
  return Buffer.from(`${head}${body},"position":"${epoch}:${seq}","time":${time}}${tail}`);
}

test('a text is read as it is decoded, for any JSON value', () => {
  const read = broadcastReader(ROOM);
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 1 }), (data, seq) => {
      const payload = broadcast(data, { seq });
      const { entry, time } = read(payload)!;
      const message = decodeBroadcast(payload);
      expect(entry).toMatchObject({ epoch: 'e1', seq, bytes: payload.length, message });
      expect(JSON.parse(entry.json!)).toEqual(message);
      expect(time).toBe(message.time);
    }),
  );
});

test('what a message has of a position, a time and an end of its own stays in it', () => {
  const data = {
    before: 0,
    position: 'e9:9',
    time: 9,
    text: `,"position":"e9:9","time":9}${textFrame(ROOM).tail}`,
    last: { position: 'e9:9', time: 9 },
  };
  const { entry } = broadcastReader(ROOM)(broadcast(data))!;
  expect(entry).toMatchObject({ epoch: 'e1', seq: 7, json: expect.any(String) });
  expect(entry.message.data).toEqual(data);
});

test("other programs' payloads give nothing; the hub's in another form are decoded", () => {
  const read = broadcastReader(ROOM);
  expect(read(Buffer.from('{"uid":"other","type":3}'))).toBeUndefined();
  const { opts, ...rest } = JSON.parse(broadcast({ text: 'x' }).toString());
  expect(read(Buffer.from(JSON.stringify({ ...rest, opts: { ...opts, flags: { volatile: true } } })))!.entry).toMatchObject({
    epoch: 'e1',
    seq: 7,
    message: { data: { text: 'x' } },
  });
});
