import { createServer, IncomingMessage } from 'node:http';
import { expect, test } from '@jest/globals';
import { Server, type Socket } from 'socket.io';
import { io } from 'socket.io-client';
import { metricOf, openMemoryHub } from '../../test/support/memory-hub.js';
import { testScope } from '../../test/support/scope.js';
import { waitFor } from '../../test/support/wait.js';

const scope = testScope();

test.each(['', '&sid=', '&sid=x&sid='])('a connection whose query ends in "%s" is a new one and counted', async (query) => {
  const hub = await openMemoryHub(scope, { connectionsPerAddress: 1 });
  const open = async () => (await fetch(`${hub.url}/socket.io/?EIO=4&transport=polling${query}`)).status;
  expect(await open()).toBe(200);
  expect(await open()).not.toBe(200);
});

test('a crowd waits at the door of a hub with traffic, and all of it comes in', async () => {
  const hub = await openMemoryHub(scope, { arrivalSpreadMs: 1_000 });
  const member = scope.defer(io(hub.url, { transports: ['websocket'] }), (socket) => socket.close());
  await member.emitWithAck('subscribe', { room: 'chat:busy' });
  let published = 0;
  const traffic = setInterval(() => member.emit('publish', { room: 'chat:busy', id: `m${published++}`, data: {} }, () => {}), 20);
  scope.defer(traffic, clearInterval);
  await new Promise((resolve) => member.once('message', resolve));
  const crowd = Array.from({ length: 200 }, () => fetch(`${hub.url}/socket.io/?EIO=4&transport=polling`));
  await waitFor(() => metricOf(hub, 'roomcast_connections_arriving'));
  const statuses = (await Promise.all(crowd)).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(await metricOf(hub, 'roomcast_connections_arriving')).toBe(0);
});

test('a page of an origin that may come in can read what it is answered over long-polling, a preflight included', async () => {
  const hub = await openMemoryHub(scope, { origins: ['https://app.example'] });
  const ask = async (origin: string, method: string) => {
    const headers = { Origin: origin, ...(method === 'OPTIONS' && { 'Access-Control-Request-Method': 'POST' }) };
    const { status, headers: answered } = await fetch(`${hub.url}/socket.io/?EIO=4&transport=polling`, { method, headers });
    return { status, allowed: answered.get('Access-Control-Allow-Origin') };
  };
  expect(await ask('https://app.example', 'GET')).toEqual({ status: 200, allowed: 'https://app.example' });
  expect(await ask('https://app.example', 'OPTIONS')).toEqual({ status: 204, allowed: 'https://app.example' });
  expect(await ask('https://evil.example', 'GET')).toEqual({ status: 403, allowed: null });
});

test('engine.io has no middleware by itself but that of the option cors, and the hub one for both', async () => {
  const middlewaresOf = ({ engine }: Pick<Server, 'engine'>) => (engine as unknown as { middlewares: unknown[] }).middlewares;
  expect(middlewaresOf(new Server(createServer()))).toHaveLength(0);
  expect(middlewaresOf(new Server(createServer(), { cors: { origin: '*' } }))).toHaveLength(1);
  expect(middlewaresOf((await openMemoryHub(scope)).io)).toHaveLength(1);
});

test('a quiet connection keeps nothing of the request that opened it', async () => {
  const hub = await openMemoryHub(scope);
  const member = scope.defer(io(hub.url, { transports: ['websocket'] }), (socket) => socket.close());
  await new Promise((resolve) => member.once('connect', () => resolve(undefined)));
  const [{ conn }] = (await hub.io.local.fetchSockets()).map(({ id }) => hub.io.sockets.sockets.get(id)!) as [Socket];
  const tcp = conn.request.socket;
  expect(conn.request).not.toBeInstanceOf(IncomingMessage);
  // engine.io's response to the upgrade, which it makes for middlewares, tells of its end from here.
  expect(
    tcp
      .listeners('close')
      .map(String)
      .filter((text) => text.includes('emit("close")')),
  ).toEqual([]);
});
