import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Listener } from '../support/delivery-listener.js';
import { DELIVERIES, openStage, type Stage, settleAll } from '../support/delivery-stage.js';
import { testScope } from '../support/scope.js';
import { countFrom } from '../support/stock-client.js';
import { waitFor } from '../support/wait.js';

const scope = testScope();
const TRANSPORTS = ['websocket', 'polling'] as const;
const WAYS = DELIVERIES.flatMap((delivery) => TRANSPORTS.map((transport) => [delivery, transport] as const));

describe.each(WAYS)('delivery %s over %s', (delivery, transport) => {
  let stage: Stage;
  let listeners: [Listener, Listener, Listener];

  /** Three who listen: the first two in room `a`, the last two in room `b`. */
  async function three(): Promise<typeof listeners> {
    stage = await openStage(scope, delivery);
    listeners = (await stage.connectMany(3, { transports: [transport] })) as typeof listeners;
    const [one, two, three] = listeners.map(({ here }) => here);
    await one!.join('a');
    await two!.join(['a', 'b']);
    await three!.join('b');
    return listeners;
  }

  const heard = async () => {
    await settleAll(listeners);
    return listeners.map((listener) => listener.heard);
  };

  test('emits of every kind within one turn come in their order, once, to whom they are meant for', async () => {
    const [one, two, three_] = await three();
    const { io } = stage;
    io.to('a').emit('e', 1);
    one.here.emit('e', 2);
    io.to('a').to('b').emit('e', 3);
    io.emit('e', 4);
    two.here.to('a').emit('e', 5);
    two.here.to(['a', 'b']).emit('e', 6);
    one.here.broadcast.emit('e', 7);
    io.except('a').emit('e', 8);
    io.to('b').except('a').emit('e', 9);
    io.local.to('a').emit('e', 10);
    io.compress(false).to(['a', 'b']).emit('e', 11);
    two.here.compress(false).emit('e', 12);
    io.to(three_.here.id).emit('e', 13);
    three_.here.broadcast.to('b').emit('e', 14);
    io.in('nobody is here').emit('e', 15);
    io.of('/').in('b').emit('e', 16);
    three_.here.send(17);
    io.to('a').except(one.here.id).emit('e', 18);
    two.here.except('b').emit('e', 19);
    one.here.emit('e', 20);
    io.send(21);
    const [first, second, third] = await heard();
    expect(first!.map(Number)).toEqual([1, 2, 3, 4, 5, 6, 10, 11, 19, 20, 21]);
    expect(second!.map(Number)).toEqual([1, 3, 4, 7, 10, 11, 12, 14, 16, 18, 21]);
    expect(third!.map(Number)).toEqual([3, 4, 6, 7, 8, 9, 11, 13, 16, 17, 21]);
  });

  test('binary keeps its place among text, and its parts stay together', async () => {
    const bytes = Buffer.from([0, 1, 254, 255]);
    await three();
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset + 1, 2);
    const { io } = stage;
    const [, two] = listeners;
    for (let n = 0; n < 30; n += 6) {
      io.to('a').emit('e', n, 'text');
      io.to('a').emit('e', n + 1, bytes);
      two.here.emit('e', n + 2, { nested: [view, { deep: bytes }], text: 'é' });
      two.here.emit('e', n + 3, view);
      io.to('b').emit('e', n + 4, Buffer.alloc(0), new Uint8Array(0), bytes);
      io.to('a')
        .to('b')
        .emit('e', n + 5, [bytes, bytes]);
    }
    const [one, second, third] = await heard();
    expect(second!.map((line) => Number.parseInt(line, 10))).toEqual(countFrom(0, 30));
    expect(one!.map((line) => Number.parseInt(line, 10) % 6)).toEqual(Array.from({ length: 5 }, () => [0, 1, 5]).flat());
    expect(third!.map((line) => Number.parseInt(line, 10) % 6)).toEqual(Array.from({ length: 5 }, () => [4, 5]).flat());
    expect(second![1]).toMatch(/^1 "<4 bytes /);
    expect(second![2]).toMatch(/^2 \{"nested":\["<2 bytes \w+>",\{"deep":"<4 bytes \w+>"\}\],"text":"é"\}$/);
    expect(second![3]).toBe(`3 ${second![2]!.match(/"<2 bytes \w+>"/)![0]}`);
    expect(second![4]).toMatch(/^4 "<0 bytes \w+>" "<0 bytes \w+>" "<4 bytes/);
  });

  test('what handlers, microtasks, ticks, immediates, timers and awaits emit comes in the order in which they ran', async () => {
    const [one] = await three();
    const said: number[] = [];
    const say = () => {
      const n = said.push(said.length);
      if (n % 3 === 0) one.here.emit('e', n - 1);
      else if (n % 3 === 1) stage.io.to('a').emit('e', n - 1);
      else stage.io.emit('e', n - 1);
    };
    const sayTwice = () => {
      say();
      say();
    };
    const ended = new Promise<void>((resolve) => {
      one.here.on('go', async () => {
        sayTwice();
        queueMicrotask(sayTwice);
        process.nextTick(() => {
          sayTwice();
          queueMicrotask(sayTwice);
        });
        setImmediate(() => {
          sayTwice();
          process.nextTick(sayTwice);
          Promise.resolve().then(sayTwice);
        });
        setTimeout(sayTwice, 0);
        await undefined;
        sayTwice();
        await new Promise((next) => setImmediate(next));
        sayTwice();
        await new Promise((next) => setTimeout(next, 1));
        sayTwice();
        resolve();
      });
    });
    one.socket.emit('go');
    await ended;
    await waitFor(() => said.length === 22, { what: 'all callbacks to run' });
    const [first] = await heard();
    expect(first!.map(Number)).toEqual(countFrom(0, 22));
  });

  test('acknowledgements keep their place among the events around them', async () => {
    const [one, two] = await three();
    one.here.on('own', (n: number, ack: (answer: unknown) => void) => {
      stage.io.to('a').emit('e', `before ${n}`);
      ack(n % 2 ? n : { bytes: Buffer.from([n]) });
      one.here.emit('e', `after ${n}`);
    });
    for (let n = 0; n < 50; n++) void one.ask('own', n);
    await waitFor(() => one.heard.length === 150, { what: 'all answers' });
    const [first, second] = await heard();
    const kinds = first!.map((line) => line.replace(/"<1 bytes \w+>"/, 'x'));
    expect(kinds).toEqual(countFrom(0, 50).flatMap((n) => [`"before ${n}"`, n % 2 ? `ack ${n}` : 'ack {"bytes":x}', `"after ${n}"`]));
    expect(second).toEqual(countFrom(0, 50).map((n) => `"before ${n}"`));
    expect(two.heard).toBe(second);
  });

  test('an event of the hub is answered behind what its handler emitted', async () => {
    const [one] = await three();
    stage.hub.handle('add', z.number(), async ({ data, socket }) => {
      stage.io.to(socket.id).emit('e', `at once ${data}`);
      await undefined;
      one.here.emit('e', `later ${data}`);
      return { n: data };
    });
    for (let n = 0; n < 20; n++) void one.ask('add', n);
    await waitFor(() => one.heard.length === 60, { what: 'all answers' });
    for (let n = 0; n < 20; n++) {
      const places = [`"at once ${n}"`, `"later ${n}"`, `ack {"ok":true,"n":${n}}`].map((line) => one.heard.indexOf(line));
      expect(places).toEqual([...places].sort((a, b) => a - b));
    }
    expect(one.heard.filter((line) => line.startsWith('ack'))).toEqual(countFrom(0, 20).map((n) => `ack {"ok":true,"n":${n}}`));
  });

  test('questions of the server come in order with the rest, and are answered', async () => {
    const [one] = await three();
    const answers: Promise<unknown>[] = [];
    const expected: unknown[] = [];
    for (let n = 0; n < 30; n += 3) {
      answers.push(one.here.timeout(10_000).emitWithAck('ask', n));
      stage.io.to('a').emit('e', n + 1);
      answers.push(
        stage.io
          .to('a')
          .timeout(10_000)
          .emitWithAck('ask', n + 2),
      );
      expected.push(n, [n + 2, n + 2]);
    }
    expect(await Promise.all(answers)).toEqual(expected);
    const [first, second] = await heard();
    expect(first!.map(Number)).toEqual(countFrom(0, 30));
    expect(second!.map(Number)).toEqual(countFrom(0, 30).filter((n) => n % 3 > 0));
  });

  test('volatile events may be missing, and never come late', async () => {
    const [one] = await three();
    for (let n = 0; n < 60; n += 3) {
      one.here.volatile.emit('e', n);
      stage.io.to('a').emit('e', n + 1);
      stage.io.volatile
        .to('a')
        .to('b')
        .emit('e', n + 2, Buffer.from([n]));
      if (n % 9 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    for (const lines of (await heard()).slice(0, 2)) {
      const numbers = lines.map((line) => Number.parseInt(line, 10));
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      expect(numbers.filter((n) => n % 3 === 1)).toEqual(countFrom(0, 60).filter((n) => n % 3 === 1));
    }
  });

  test('a volatile event to a socket with nothing to write arrives', async () => {
    const [one] = await three();
    const isWritable = () => (one.here.conn.transport as unknown as { writable: boolean }).writable;
    await one.settle();
    await waitFor(isWritable);
    one.here.volatile.emit('e', 1);
    await one.settle();
    await waitFor(isWritable);
    stage.io.volatile.to('a').emit('e', 2);
    await one.settle();
    expect(one.heard).toEqual(['1', '2']);
  });

  test('sockets of two namespaces on one connection keep their order, each and together', async () => {
    const [one, two] = await three();
    const [side, otherSide] = [await stage.enterSide(one), await stage.enterSide(two)];
    await Promise.all([side.join('a'), otherSide.join('a')]);
    for (let n = 0; n < 60; n += 6) {
      stage.io.to('a').emit('e', n);
      stage.io
        .of('/side')
        .to('a')
        .emit('e', n + 1);
      side.emit('e', n + 2, Buffer.from([n]));
      one.here.emit('e', n + 3);
      otherSide.broadcast.to('a').emit('e', n + 4);
      stage.io.of('/side').emit('e', n + 5);
    }
    const [first, second] = await heard();
    const numberOf = (line: string) => Number(/\d+/.exec(line)![0]);
    expect(first!.map(numberOf)).toEqual(countFrom(0, 60));
    expect(first!.filter((line) => line.startsWith('/side')).map((line) => numberOf(line) % 6)).toEqual(
      Array.from({ length: 10 }, () => [1, 2, 4, 5]).flat(),
    );
    expect(second!.map((line) => numberOf(line) % 6)).toEqual(Array.from({ length: 10 }, () => [0, 1, 5]).flat());
  });

  test('publications and emits in one turn: each room in the order of its log, emits in theirs', async () => {
    const [one, two] = await three();
    const rooms = ['chat:x', 'chat:y'] as const;
    for (const room of rooms) await stage.subscribe(room, one, two);
    const published: Promise<unknown>[] = [];
    for (let n = 0; n < 50; n++) {
      published.push(stage.hub.publish(rooms[0], ['x', n]), stage.hub.publish(rooms[1], ['y', n, Buffer.from([n])]));
      stage.io.to('a').emit('e', 'emit', n);
      one.socket.emit('publish', { room: rooms[0], id: `p-${n}`, data: ['p', n] }, () => {});
      if (n % 10 === 9) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(published);
    await waitFor(() => one.heard.length === 200, { what: 'all messages' });
    const lines = await heard();
    for (const of of lines.slice(0, 2)) {
      for (const word of ['x', 'y', 'p', 'emit']) {
        expect(of.filter((line) => line.startsWith(`"${word}" `)).map((line) => Number(line.split(' ')[1]))).toEqual(countFrom(0, 50));
      }
    }
    const inLog = (of: string[]) => of.filter((line) => /^"[xp]"/.test(line));
    expect(inLog(lines[1]!)).toEqual(inLog(lines[0]!));
  });

  test('a publication that is awaited lies between what was emitted before and after it', async () => {
    const [one, two] = await three();
    const room = 'chat:awaited';
    await stage.subscribe(room, one, two);
    for (let n = 0; n < 30; n += 3) {
      stage.io.to('a').emit('e', n);
      await stage.hub.publish(room, [n + 1]);
      one.here.emit('e', n + 2);
      two.here.emit('e', n + 2);
    }
    for (const lines of (await heard()).slice(0, 2)) expect(lines.map(Number)).toEqual(countFrom(0, 30));
  });

  test('listeners for outgoing events see each of them, in order', async () => {
    const [one] = await three();
    const seen: unknown[] = [];
    one.here.onAnyOutgoing((_event, n) => seen.push(n));
    for (let n = 0; n < 20; n += 2) {
      one.here.emit('e', n);
      stage.io.to('a').emit('e', n + 1);
    }
    expect(seen).toEqual(countFrom(0, 20));
    const [first] = await heard();
    expect(first!.map(Number)).toEqual(countFrom(0, 20));
  });
});
