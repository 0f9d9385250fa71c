import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { DELIVERIES, openStage, settleAll } from '../support/delivery-stage.js';
import { testScope } from '../support/scope.js';
import { countFrom } from '../support/stock-client.js';
import { waitFor } from '../support/wait.js';

const scope = testScope();
const UPGRADING = { transports: ['polling', 'websocket'] };

// To be run as soon as a connection's receiver is not taken away inside its own write, as it is at the end of an upgrade.
describe.each(DELIVERIES)('delivery %s', (delivery) => {
  test('requests of a client that upgrades are answered, once, amid what is emitted', async () => {
    const stage = await openStage(scope, delivery);
    stage.io.on('connection', (socket) => {
      socket.on('echo', (n: number, ack: (answer: unknown) => void) => {
        socket.emit('e', n);
        ack(n);
      });
    });
    const listeners = await Promise.all(Array.from({ length: 20 }, () => stage.meet(UPGRADING)));
    const requests = listeners.map(async (listener) => {
      for (let n = 0; n < 40; n++) {
        void listener.ask('echo', n);
        if (n % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    });
    await Promise.all(requests);
    await waitFor(() => listeners.every(({ heard }) => heard.length >= 80), { what: 'all answers' });
    await settleAll(listeners);
    for (const { heard } of listeners) expect(heard).toEqual(countFrom(0, 40).flatMap((n) => [`${n}`, `ack ${n}`]));
  });

  test.each([
    ['short', 20],
    ['longer than a segment', 300_000],
  ])('requests that come together with the end of the upgrade, %s, are all heard', async (_what, chars) => {
    const stage = await openStage(scope, delivery);
    for (let client = 0; client < 3; client++) {
      const listener = await stage.meet(UPGRADING);
      const heard: number[] = [];
      listener.here.on('e', (n: number) => heard.push(n));
      const { engine } = listener.socket.io;
      await new Promise<void>((resolve) => {
        engine.once('upgrading', (transport) => {
          const { _socket: tcp } = (transport as unknown as { ws: { _socket: Socket } }).ws;
          tcp.cork();
          engine.once('upgrade', () => {
            for (let n = 0; n < 20; n++) listener.socket.emit('e', n, 'x'.repeat(chars));
            setImmediate(() => {
              tcp.uncork();
              resolve();
            });
          });
        });
      });
      await waitFor(() => heard.length >= 20, { what: 'all requests' });
      expect(heard).toEqual(countFrom(0, 20));
    }
  });
});
