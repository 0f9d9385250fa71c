import { expect, test } from '@jest/globals';
import type { Socket } from 'socket.io';
import { z } from 'zod';
import { metricOf, openMemoryHub } from '../../test/support/memory-hub.js';
import { testScope } from '../../test/support/scope.js';
import { connectClient } from '../../test/support/stock-client.js';
import type { Connection } from './connection.js';
import type { EventHandler } from './event-handler.js';
import { type DecodedPacket, ShortEvents } from './short-events.js';
import type { HubSocket } from './types.js';

const scope = testScope();

test('a socket has the fields that the short way looks at', async () => {
  const hub = await openMemoryHub(scope);
  await connectClient(scope, hub.url);
  const [socket] = hub.io.sockets.sockets.values();
  expect(socket).toMatchObject({ fns: [expect.any(Function)], _events: { publish: expect.any(Function) } });
  expect((socket as unknown as { ack: (id: number) => unknown }).ack(1)).toEqual(expect.any(Function));
});

test('events of the hub and of the program around it are carried out in the order in which they came', async () => {
  const hub = await openMemoryHub(scope);
  const order: number[] = [];
  const note = (n: number) => ({ noted: order.push(n) });
  hub.handle('short', z.object({ n: z.number() }), ({ data }) => note(data.n));
  hub.io.on('connection', (socket: Socket) => socket.on('long', ({ n }: { n: number }) => note(n)));
  const client = await connectClient(scope, hub.url);
  const sent = Array.from({ length: 200 }, (_, n) => n);
  for (const n of sent) client.say(n % 3 === 0 ? 'long' : 'short', { n }, () => {});
  await client.ask('short', { n: -1 });
  expect(order).toEqual([...sent, -1]);
});

test("a middleware and listeners of the program's own see the hub's events, and may refuse them", async () => {
  const hub = await openMemoryHub(scope);
  const seen: string[] = [];
  hub.io.on('connection', (socket: HubSocket) => {
    socket.use(([event], next) => {
      seen.push(`use ${event}`);
      next(event === 'history' ? new Error('not here') : undefined);
    });
    socket.onAny((event) => seen.push(`any ${event}`));
    socket.on('presence', () => seen.push('own presence'));
  });
  const client = await connectClient(scope, hub.url);
  client.say('history', { room: 'chat:x' }, () => seen.push('answered'));
  expect(await client.ask('presence', { room: 'chat:x' })).toMatchObject({ ok: true });
  expect(seen).toEqual(['any history', 'use history', 'any presence', 'use presence', 'own presence']);
});

test('what the short way brings counts and is limited as what Socket.IO brings', async () => {
  const hub = await openMemoryHub(scope);
  const client = await connectClient(scope, hub.url);
  await client.publish('chat:x', 'a');
  expect(await client.ask('publish', { room: 'chat:x' })).toMatchObject({ ok: false, error: { code: 'invalid' } });
  expect(await metricOf(hub, 'roomcast_received_events_total{event="publish"}')).toBe(2);
  client.say('publish', { room: 'chat:x', id: 'i', data: 1 });
  expect(await client.event('notice')).toMatchObject({ error: { code: 'missing_ack' } });
});

test('what comes behind the end of a connection is not carried out', async () => {
  const run: string[] = [];
  const listener = () => {};
  const socket = Object.assign({ id: 's', connected: true, fns: [() => {}], _events: { e: listener }, listenersAny: () => [] });
  const connection = {
    receive: (_event: string, _handler: unknown, [given]: string[]) => {
      run.push(given!);
      if (given === 'last') socket.connected = false;
    },
  };
  const events = new ShortEvents({
    connections: new Map([['s', connection as unknown as Connection]]),
    own: () => ({ listener, handler: {} as EventHandler }),
  });
  const packet = (given: string): DecodedPacket => ({ type: 2, nsp: '/', data: ['e', given] });
  for (const given of ['first', 'last', 'late']) expect(events.take(socket as unknown as HubSocket, packet(given))).toBe(true);
  expect(run).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(run).toEqual(['first', 'last']);
});
