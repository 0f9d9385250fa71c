import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { User } from '../../shared/protocol.js';
import { decodeEntry, encodeBody, placeEntry } from './entry-codec.js';

const PLACE = { room: 'chat:ü', epoch: 'e1', seq: 7, time: 1_700_000_000_000 } as const;
const SENDER: User = { id: 'u', name: 'Ümit "🦊"' };

const message = (data: unknown) => ({ room: PLACE.room, id: 'm1', type: 'text', from: SENDER, data });
const place = (data: unknown) => {
  const body = encodeBody(message(data));
  return placeEntry(body, PLACE, Buffer.byteLength(body));
};

test('the JSON text of an entry is its message, for any JSON value, heard and read alike', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (data) => {
      const heard = place(data);
      expect(JSON.parse(heard.json!)).toEqual(JSON.parse(JSON.stringify(heard.message)));
      expect(heard.message).toEqual({ ...message(JSON.parse(JSON.stringify(data))), position: 'e1:7', time: PLACE.time });
      const body = encodeBody(message(data));
      const { epoch, seq, bytes, message: decoded, json } = heard;
      expect(decodeEntry(Buffer.from(body), PLACE)).toMatchObject({ epoch, seq, bytes, message: decoded, json });
    }),
  );
});

test('a message is decoded once, for all who ask', () => {
  const entry = place({ text: 'x' });
  expect(entry.message).toBe(entry.message);
});

test('an entry with binary in it has no text', () => {
  for (const data of [Buffer.from('a'), { deep: [{ bytes: new Uint8Array([1]) }] }, new ArrayBuffer(2)]) {
    expect(place(data).json).toBeUndefined();
  }
  expect(place({ deep: [{ bytes: Buffer.from('a') }] }).message.data).toEqual({ deep: [{ bytes: Buffer.from('a') }] });
});

test('an entry does not change with the bytes that it was read from', () => {
  for (const data of ['before', Buffer.from('before')]) {
    const stored = Buffer.from(encodeBody(message(data)));
    const entry = decodeEntry(stored, PLACE);
    stored.fill(0);
    expect(entry.message.data).toEqual(data);
  }
});
