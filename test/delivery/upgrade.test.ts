import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import type { Listener } from '../support/delivery-listener.js';
import { DELIVERIES, openStage, type Stage, settleAll } from '../support/delivery-stage.js';
import { testScope } from '../support/scope.js';
import { countFrom } from '../support/stock-client.js';
import { waitFor } from '../support/wait.js';

const scope = testScope();
const UPGRADING = { transports: ['polling', 'websocket'] };

/** Emits to a socket and its room by turns, text and binary. */
class Teller {
  said = 0;

  constructor(
    readonly stage: Stage,
    readonly listener: Listener,
  ) {}

  say(count: number): void {
    for (let end = this.said + count; this.said < end; this.said++) {
      const n = this.said;
      if (n % 5 === 4) this.listener.here.emit('e', n, Buffer.from([n % 256]));
      else if (n % 2 === 0) this.stage.io.to(this.listener.name).emit('e', n);
      else this.listener.here.emit('e', n);
    }
  }
}

describe.each(DELIVERIES)('delivery %s', (delivery) => {
  test('clients that upgrade amid bursts lose nothing, hear nothing twice, and keep the order', async () => {
    const stage = await openStage(scope, delivery);
    const tellers = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const listener = await stage.meet(UPGRADING);
        await listener.here.join(listener.name);
        return tellWhileUpgrading(new Teller(stage, listener), 1 + (index % 7));
      }),
    );
    await settleAll(tellers.map(({ listener }) => listener));
    for (const { listener, said } of tellers) {
      expect(listener.transport).toBe('websocket');
      expect(listener.heard.map((line) => Number.parseInt(line, 10))).toEqual(countFrom(0, said));
    }
  });

  /** Says `count` things in each turn until some turns after the upgrade, and more at the moments at which it changes hands. */
  async function tellWhileUpgrading(teller: Teller, count: number): Promise<Teller> {
    const { conn } = teller.listener.here;
    let turnsLeft = 20;
    conn.once('upgrading' as never, () => teller.say(count));
    conn.once('upgrade', () => {
      teller.say(count);
      queueMicrotask(() => teller.say(count));
    });
    while (turnsLeft > 0) {
      teller.say(count);
      if (conn.transport.name === 'websocket') turnsLeft--;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return teller;
  }

  test('one room stays in order for all its members while each of them upgrades', async () => {
    const stage = await openStage(scope, delivery);
    const members = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const member = await stage.meet(UPGRADING);
        await member.here.join('a');
        return member;
      }),
    );
    let n = 0;
    const isUpgraded = () => members.every(({ here }) => here.conn.transport.name === 'websocket');
    for (let turnsAfter = 0; turnsAfter < 10; turnsAfter += isUpgraded() ? 1 : 0) {
      for (let one = 0; one < 3; one++) stage.io.to('a').emit('e', n++, 'ü');
      await new Promise((resolve) => setImmediate(resolve));
    }
    await settleAll(members);
    const [first] = members;
    expect(first!.heard.map((line) => Number.parseInt(line, 10))).toEqual(countFrom(0, n));
    for (const member of members) expect(member.heard).toEqual(first!.heard);
  });

  test('volatile events may be dropped while a client upgrades; those that come are in their place', async () => {
    const stage = await openStage(scope, delivery);
    const listeners = await Promise.all(Array.from({ length: 20 }, () => stage.meet(UPGRADING)));
    let n = 0;
    const isUpgraded = () => listeners.every(({ here }) => here.conn.transport.name === 'websocket');
    for (let turnsAfter = 0; turnsAfter < 10; turnsAfter += isUpgraded() ? 1 : 0) {
      stage.io.volatile.emit('e', n++);
      stage.io.emit('e', n++);
      for (const { here } of listeners) here.volatile.emit('e', n);
      n++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await settleAll(listeners);
    for (const { heard } of listeners) {
      const numbers = heard.map(Number);
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      expect(numbers.filter((one) => one % 3 === 1)).toEqual(countFrom(0, n).filter((one) => one % 3 === 1));
    }
  });

  test('a client whose upgrade fails stays with polling and misses nothing', async () => {
    const stage = await openStage(scope, delivery);
    let refused = 0;
    stage.io.engine.use((request: IncomingMessage, _response: unknown, next: (error?: Error) => void) => {
      if (!request.headers.upgrade) return next();
      refused++;
      next(new Error('no WebSockets here'));
    });
    const listener = await stage.meet(UPGRADING);
    await listener.here.join(listener.name);
    const teller = new Teller(stage, listener);
    for (let turn = 0; turn < 50; turn++) {
      teller.say(3);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await waitFor(() => refused > 0);
    teller.say(3);
    await listener.settle();
    expect(listener.transport).toBe('polling');
    expect(listener.heard.map((line) => Number.parseInt(line, 10))).toEqual(countFrom(0, teller.said));
  });
});
