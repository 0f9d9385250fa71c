import { expect, test } from '@jest/globals';
import { Server } from 'socket.io';
import { type Decoder, DecoderPool, SmallDecoder } from './small-decoder.js';

const parser = (new Server() as unknown as { _parser: { Decoder: new () => Decoder } })._parser;

function open(pool: DecoderPool) {
  const heard: unknown[] = [];
  const decoder = new SmallDecoder(pool);
  decoder.on('decoded', (packet) => heard.push((packet as unknown as { data: unknown }).data));
  return { decoder, heard };
}

test('clients whose binary packets come in parts, among those of others, get each their own', () => {
  let made = 0;
  const pool = new DecoderPool(() => {
    made++;
    return new parser.Decoder();
  });
  const [one, two, three] = [open(pool), open(pool), open(pool)];
  one.decoder.add('51-["e",{"_placeholder":true,"num":0}]');
  two.decoder.add('52-["e",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
  three.decoder.add('2["text",3]');
  two.decoder.add(Buffer.from('2a'));
  one.decoder.add(Buffer.from('1'));
  two.decoder.add(Buffer.from('2b'));
  for (const { decoder } of [one, two, three]) decoder.add('2["end"]');
  expect(one.heard).toEqual([['e', Buffer.from('1')], ['end']]);
  expect(two.heard).toEqual([['e', Buffer.from('2a'), Buffer.from('2b')], ['end']]);
  expect(three.heard).toEqual([['text', 3], ['end']]);
  expect(made).toBe(3);
});

test('a packet that is none is refused, and the others go on', () => {
  const pool = new DecoderPool(() => new parser.Decoder());
  const [bad, good] = [open(pool), open(pool)];
  expect(() => bad.decoder.add('9nonsense')).toThrow();
  expect(() => good.decoder.add(Buffer.from('bytes'))).toThrow('got binary data');
  bad.decoder.destroy();
  const another = open(pool);
  another.decoder.add('2["fine"]');
  expect(another.heard).toEqual([['fine']]);
});

test('a listener that is taken off hears nothing more, also in the middle of a packet', () => {
  const { decoder, heard } = open(new DecoderPool(() => new parser.Decoder()));
  decoder.add('51-["e",{"_placeholder":true,"num":0}]');
  decoder.removeListener();
  decoder.add(Buffer.from('x'));
  expect(heard).toEqual([]);
});

test('what somebody takes first, a client does not hear of once it is known', () => {
  const pool = new DecoderPool(
    () => new parser.Decoder(),
    (_client, packet) => (packet as unknown as { data: string[] }).data[0] === 'taken',
  );
  const { decoder, heard } = open(pool);
  const add = () => {
    for (const event of ['one', 'taken', 'two']) decoder.add(`2["${event}"]`);
  };
  add();
  decoder.client = {};
  add();
  expect(heard).toEqual([['one'], ['taken'], ['two'], ['one'], ['two']]);
});
