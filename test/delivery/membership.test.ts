import { describe, expect, test } from '@jest/globals';
import type { Listener } from '../support/delivery-listener.js';
import { DELIVERIES, openStage, type Stage, settleAll } from '../support/delivery-stage.js';
import { testScope } from '../support/scope.js';
import { countFrom } from '../support/stock-client.js';
import { waitFor } from '../support/wait.js';

const scope = testScope();
const WAYS = DELIVERIES.flatMap((delivery) => ['websocket', 'polling'].map((transport) => [delivery, transport] as const));
const numbersOf = ({ heard }: Listener) => heard.map((line) => Number.parseInt(line, 10));

describe.each(WAYS)('delivery %s over %s', (delivery, transport) => {
  /** Someone who comes and goes, and someone who is in room `a` all the time. */
  async function guestAndResident(): Promise<{ stage: Stage; guest: Listener; resident: Listener }> {
    const stage = await openStage(scope, delivery);
    const [guest, resident] = await stage.connectMany(2, { transports: [transport] });
    await resident!.here.join('a');
    return { stage, guest: guest!, resident: resident! };
  }

  test('who joins hears what is emitted from then on, who leaves what was emitted up to then, also within one turn', async () => {
    const { stage, guest, resident } = await guestAndResident();
    const { here } = guest;
    for (let n = 0; n < 40; n += 4) {
      stage.io.to('a').emit('e', n);
      void here.join('a');
      stage.io.to('a').emit('e', n + 1);
      stage.io.to('a').emit('e', n + 2, Buffer.from([n]));
      void here.leave('a');
      stage.io.to('a').emit('e', n + 3);
    }
    await settleAll([guest, resident]);
    expect(numbersOf(resident)).toEqual(countFrom(0, 40));
    expect(numbersOf(guest)).toEqual(countFrom(0, 40).filter((n) => n % 4 === 1 || n % 4 === 2));
  });

  test('the same holds where the server moves sockets, and for whom an emit excepts', async () => {
    const { stage, guest, resident } = await guestAndResident();
    const { io } = stage;
    io.to('b').emit('e', 0);
    io.in(guest.here.id).socketsJoin(['a', 'b']);
    io.to('a').emit('e', 1);
    io.in('a').socketsJoin('b');
    io.to('b').emit('e', 2);
    io.to('a').except('quiet').emit('e', 3);
    io.in(guest.here.id).socketsJoin('quiet');
    io.to('a').except('quiet').emit('e', 4);
    io.in('quiet').socketsLeave('quiet');
    io.to(['a', 'b']).except('quiet').emit('e', 5);
    io.in('b').socketsLeave('b');
    io.to('b').emit('e', 6);
    io.to('a').emit('e', 7);
    await settleAll([guest, resident]);
    expect(numbersOf(guest)).toEqual([1, 2, 3, 5, 7]);
    expect(numbersOf(resident)).toEqual([1, 2, 3, 4, 5, 7]);
  });

  test('who subscribes and unsubscribes in the middle of publications hears a part of them without a hole', async () => {
    const { stage, guest, resident } = await guestAndResident();
    await stage.subscribe('chat:busy', resident);
    const said: Promise<unknown>[] = [];
    const say = async (count: number) => {
      for (let n = 0; n < count; n++) {
        said.push(stage.hub.publish('chat:busy', [said.length]));
        stage.io.to('a').emit('other', 'aside');
        if (n % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await say(20);
    const [answer] = await Promise.all([guest.socket.emitWithAck('subscribe', { room: 'chat:busy' }), say(40)]);
    await Promise.all([guest.socket.emitWithAck('unsubscribe', { room: 'chat:busy' }), say(40)]);
    await Promise.all(said);
    await settleAll([guest, resident]);
    const first = Number(answer.position.split(':')[1]);
    expect(guest.heard.length).toBeGreaterThan(0);
    expect(numbersOf(guest)).toEqual(countFrom(first, guest.heard.length));
    expect(resident.heard.filter((line) => line !== '"aside"').map(Number)).toEqual(countFrom(0, 100));
  });

  test.each([
    ['its connection', true],
    ['its namespace', false],
  ])('a socket whose server ends %s amid a burst hears what was emitted before, and nothing after', async (_what, connection) => {
    const { stage, guest, resident } = await guestAndResident();
    await guest.here.join('a');
    for (let n = 0; n < 60; n++) {
      stage.io.to('a').emit('e', n, n % 7 === 0 ? Buffer.from([n]) : 'text');
      guest.here.emit('e', 1_000 + n);
      if (n === 29) guest.here.disconnect(connection);
    }
    await waitFor(() => guest.socket.disconnected);
    await settleAll([resident]);
    expect(numbersOf(resident)).toEqual(countFrom(0, 60));
    expect(numbersOf(guest)).toEqual(countFrom(0, 30).flatMap((n) => [n, 1_000 + n]));
  });

  test.each([
    ['says so', (guest: Listener) => guest.socket.disconnect()],
    ['is cut off', (guest: Listener) => cutOff(guest)],
  ])('a client that goes amid a burst, and %s, hears its beginning; the others hear all', async (_how, go) => {
    const { stage, guest, resident } = await guestAndResident();
    await guest.here.join('a');
    const gone = new Promise((resolve) => guest.here.once('disconnect', resolve));
    for (let n = 0; n < 200; n++) {
      stage.io.to('a').emit('e', n);
      guest.here.volatile.emit('e', 1_000 + n);
      if (n === 50) go(guest);
      if (n % 25 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await gone;
    stage.io.to('a').emit('e', 200);
    guest.here.emit('e', 201);
    await settleAll([resident]);
    expect(numbersOf(resident)).toEqual(countFrom(0, 201));
    const heard = numbersOf(guest).filter((n) => n < 1_000);
    expect(heard).toEqual(countFrom(0, heard.length));
  });
});

/** Without a word to the server: the socket is closed as when a process dies. */
function cutOff({ socket }: Listener): void {
  const { transport } = socket.io.engine;
  if (transport.name === 'websocket') (transport as unknown as { ws: { terminate(): void } }).ws.terminate();
  else socket.io.engine.close();
}

describe.each(DELIVERIES)('delivery %s', (delivery) => {
  test('one room, members of every transport: all hear the same', async () => {
    const stage = await openStage(scope, delivery);
    const transports = [['websocket'], ['polling'], ['polling', 'websocket'], ['websocket'], ['polling']];
    const members = await Promise.all(transports.map((some) => stage.connect({ transports: some })));
    await stage.subscribe('chat:mixed', ...members);
    for (const { here } of members) await here.join('a');
    for (let n = 0; n < 300; n += 3) {
      stage.io.to('a').emit('e', n, `żółć ${n}`);
      stage.io.to('a').emit('e', n + 1, Buffer.alloc(n, n));
      await stage.hub.publish('chat:mixed', [n + 2]);
      if (n % 9 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await settleAll(members);
    for (const member of members) {
      expect(numbersOf(member)).toEqual(countFrom(0, 300));
      expect(member.heard).toEqual(members[0]!.heard);
    }
  });

  test('members that come and go in great number, mid-burst, take nothing from those who stay', async () => {
    const stage = await openStage(scope, delivery);
    const [resident] = await stage.connectMany(1);
    await resident!.here.join('a');
    let n = 0;
    const visits = Array.from({ length: 30 }, async (_, visit) => {
      const guest = await stage.connect({ transports: visit % 3 === 0 ? ['polling'] : ['websocket'] });
      await guest.here.join('a');
      for (let burst = 0; burst < 5; burst++) {
        for (let one = 0; one < 10; one++) stage.io.to('a').emit('e', n++);
        if (burst === 2 && visit % 2 === 0) guest.here.disconnect(true);
        await new Promise((resolve) => setImmediate(resolve));
      }
      guest.socket.disconnect();
      return guest;
    });
    const guests = await Promise.all(visits);
    await settleAll([resident!]);
    expect(numbersOf(resident!)).toEqual(countFrom(0, n));
    for (const guest of guests) {
      const [first = 0] = numbersOf(guest);
      expect(numbersOf(guest)).toEqual(countFrom(first, guest.heard.length));
    }
  });
});
