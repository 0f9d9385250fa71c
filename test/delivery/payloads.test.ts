import { describe, expect, test } from '@jest/globals';
import { lineOf } from '../support/delivery-listener.js';
import { DELIVERIES, openStage, settleAll } from '../support/delivery-stage.js';
import { metricOf } from '../support/memory-hub.js';
import { testScope } from '../support/scope.js';
import { countFrom } from '../support/stock-client.js';
import { waitFor } from '../support/wait.js';

const scope = testScope();
/** Where the header of a WebSocket frame grows, and a megabyte. */
const FRAME_BYTES = [125, 126, 127, 65_535, 65_536, 1024 ** 2];
/** Scripts of two, three and four bytes, combining and joined characters, JSON's and JavaScript's line ends, halves of pairs. */
const TEXTS = [
  'żółć',
  '你好',
  '😀👩‍👩‍👧‍👦',
  'e\u0301\u0327',
  'a\u2028b\u2029c',
  '\ud800 \udc00\ud800',
  'שלום ‏',
  '\u0000\u001f"\\',
  '𝔘𝔫𝔦',
  '\ufeff\ufffd',
];

/** An event whose Engine.IO packet, `42["e",n,"..."]`, has so many bytes. */
function textOf(bytes: number, n: number, filler: 'x' | 'ü'): string {
  const room = bytes - Buffer.byteLength(`42${JSON.stringify(['e', n, ''])}`);
  return filler === 'x' ? 'x'.repeat(room) : 'ü'.repeat(Math.floor(room / 2)) + 'x'.repeat(room % 2);
}

describe.each(DELIVERIES)('delivery %s', (delivery) => {
  test.each(['websocket', 'polling'])('frames of every header size, text and binary, mixed in one turn over %s', async (transport) => {
    const stage = await openStage(scope, delivery);
    const [one, two] = await stage.connectMany(2, { transports: [transport] });
    await Promise.all([one!.here.join('a'), two!.here.join('a')]);
    const sizes: number[] = [];
    if (transport === 'websocket') (one!.websocket as unknown as NodeJS.EventEmitter).on('message', (data) => sizes.push(data.length));
    const due: string[] = [];
    const say = (...payload: unknown[]) => {
      const args = [due.length, ...payload];
      due.push(lineOf(args));
      if (due.length % 3 === 0) for (const { here } of [one!, two!]) here.emit('e', ...args);
      else stage.io.to('a').emit('e', ...args);
    };
    for (const bytes of FRAME_BYTES) {
      say(textOf(bytes, due.length, 'x'));
      say(Buffer.alloc(bytes, due.length));
      say('short');
      say(textOf(bytes, due.length, 'ü'));
      say([new Uint8Array(Buffer.alloc(bytes, 'b')), Buffer.alloc(3)]);
    }
    await settleAll([one!, two!]);
    expect(one!.heard).toEqual(due);
    expect(two!.heard).toEqual(due);
    // The sizes are what this test is for: they are counted where they arrive. Binary parts have theirs too.
    if (transport === 'websocket') for (const bytes of FRAME_BYTES) expect(sizes.filter((size) => size === bytes)).toHaveLength(4);
  });

  test.each(['websocket', 'polling'])('what is sent over %s is counted, whether the system takes it at once or not', async (transport) => {
    const stage = await openStage(scope, delivery);
    const one = await stage.connect({ transports: [transport] });
    const [small, large] = ['x'.repeat(1_000), 'y'.repeat(5_000_000)];
    for (const payload of [small, large, small]) {
      one.here.emit('e', payload);
      await settleAll([one]);
    }
    const bytes = 2 * small.length + large.length;
    const counted = () => metricOf(stage.hub, 'roomcast_sent_bytes_total');
    await waitFor(async () => (await counted()) >= bytes, { what: 'all bytes counted' });
    // The pages that tell the figure are in it, too.
    expect(await counted()).toBeLessThan(1.5 * bytes);
  });

  test('a large publication in the midst of small ones comes in its place', async () => {
    const stage = await openStage(scope, delivery);
    const listeners = await stage.connectMany(2);
    await stage.subscribe('chat:large', ...listeners);
    const due = FRAME_BYTES.flatMap((bytes, index) => [
      [3 * index, 'small'],
      [3 * index + 1, 'ü'.repeat(bytes / 2)],
      [3 * index + 2, Buffer.alloc(bytes, index)],
    ]);
    await Promise.all(due.map((args) => stage.hub.publish('chat:large', args)));
    await settleAll(listeners);
    for (const { heard } of listeners) expect(heard).toEqual(due.map((args) => lineOf(args)));
  });

  test('20 clients, 500 messages in all scripts, several rooms: every client has every message, and the same', async () => {
    const stage = await openStage(scope, delivery);
    const ways = [['websocket'], ['websocket'], ['websocket'], ['polling'], ['polling', 'websocket']];
    const listeners = await Promise.all(Array.from({ length: 20 }, (_, n) => stage.connect({ transports: ways[n % ways.length] })));
    const rooms = ['a', 'b', 'c'];
    for (const { here } of listeners) await here.join(rooms);
    await stage.subscribe('chat:scripts', ...listeners);
    const due: string[] = [];
    for (let n = 0; n < 500; n++) {
      const text = `${TEXTS[n % TEXTS.length]!.repeat(1 + (n % 40))} ${n}`;
      due.push(lineOf([n, text]));
      if (n % 5 === 0) await stage.hub.publish('chat:scripts', [n, text]);
      else if (n % 5 === 1) for (const { here } of listeners) here.emit('e', n, text);
      else stage.io.to(n % 2 === 0 ? rooms : rooms[n % 3]!).emit('e', n, text);
      if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await settleAll(listeners);
    for (const { heard } of listeners) expect(heard).toEqual(due);
  });

  test('a slow reader in the room gets all of it in order in the end, and the others are not disturbed', async () => {
    const stage = await openStage(scope, delivery);
    const [slow, quick, polling] = await Promise.all([stage.connect(), stage.connect(), stage.connect({ transports: ['polling'] })]);
    const all = [slow, quick, polling];
    for (const { here } of all) await here.join('a');
    slow.websocket.pause();
    for (let n = 0; n < 400; n++) {
      stage.io.to('a').emit('e', n, n % 10 === 0 ? Buffer.alloc(30_000, n) : 'ü'.repeat(10_000));
      if (n % 7 === 0) for (const { here } of all) here.volatile.emit('e', 'volatile');
      if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await settleAll([quick, polling]);
    expect(slow.heard.length).toBeLessThan(400);
    slow.websocket.resume();
    await slow.settle();
    for (const { heard } of all) {
      expect(heard.filter((line) => line !== '"volatile"').map((line) => Number.parseInt(line, 10))).toEqual(countFrom(0, 400));
    }
  });

  test('a subscriber that is held back for its slowness continues from the log, in order; the others have it at once', async () => {
    const stage = await openStage(scope, delivery, { unsentBytes: 65_536 });
    const [slow, quick] = await stage.connectMany(2);
    await stage.subscribe('chat:slow', slow!, quick!);
    slow!.websocket.pause();
    for (let n = 0; n < 300; n++) await stage.hub.publish('chat:slow', [n, 'ü'.repeat(20_000)]);
    await settleAll([quick!]);
    expect(quick!.heard.map((line) => Number.parseInt(line, 10))).toEqual(countFrom(0, 300));
    await waitFor(async () => (await metricOf(stage.hub, 'roomcast_slow_consumers')) === 1, { what: 'the slow one to be held back' });
    await stage.hub.publish('chat:slow', [300]);
    slow!.websocket.resume();
    const messages = () => slow!.heard.flatMap((line) => (/^\d/.test(line) ? [Number.parseInt(line, 10)] : []));
    await waitFor(() => messages().length >= 301, { what: 'the rest of the log' });
    await slow!.settle();
    expect(messages()).toEqual(countFrom(0, 301));
    expect(slow!.heard.some((line) => line.includes('"lagging"'))).toBe(true);
  });
});
