import { expect, test } from '@jest/globals';
import { testScope } from '../../test/support/scope.js';
import { SmallHub } from '../../test/support/small-hub.js';
import { waitFor } from '../../test/support/wait.js';
import type { Hub } from './api.js';
import { connect } from './roomcast.js';

const scope = testScope();
const ROOM = 'chat:lobby';

/** The first connection's WebSocket breaks when it has answered the probe; the poll under way goes on. */
async function startServer(isReady: () => boolean): Promise<SmallHub> {
  const server = scope.defer(new SmallHub(), (started) => started.close());
  await server.listen();
  // The heartbeat is not to end it instead.
  Object.assign(server.io.engine.opts, { pingInterval: 60_000, pingTimeout: 60_000 });
  holdUpgrades(server, isReady);
  server.io.engine.once('connection', (connection: Upgrading) => {
    connection.once('upgrading', ({ socket }) => socket.terminate());
  });
  return server;
}

interface Upgrading {
  once(event: 'upgrading', run: (transport: { socket: { terminate(): void } }) => void): void;
}

/** Until then a poll would bring something while the transport is probed. */
function holdUpgrades({ http }: SmallHub, isReady: () => boolean): void {
  const [upgrade] = http.listeners('upgrade');
  http.removeAllListeners('upgrade');
  http.on('upgrade', async (...request) => {
    await waitFor(isReady);
    upgrade?.(...request);
  });
}

function client(url: string): Hub {
  const io = { reconnectionDelay: 5, reconnectionDelayMax: 20 };
  return scope.defer(connect(url, { io }), (opened) => opened.close());
}

test('a connection whose upgrade breaks after the probe is left at once for another, and the hub is told', async () => {
  let hub: Hub | undefined;
  const server = await startServer(() => hub?.state === 'online');
  const ends: string[] = [];
  server.io.once('connection', (socket) => {
    socket.once('disconnect', (reason) => ends.push(reason));
  });
  hub = client(server.url);
  const states: string[] = [];
  hub.on('state', (state) => states.push(state));
  await waitFor(() => states.includes('online'));
  const first = hub.socket.io.engine;
  await waitFor(() => states.length === 3 && ends.length === 1 && first.readyState === 'closed');
  expect(states).toEqual(['online', 'offline', 'online']);
  expect(ends).toEqual(['client namespace disconnect']);
  const heard: unknown[] = [];
  const room = hub.room(ROOM);
  room.on('message', ({ data }) => heard.push(data));
  await room.ready;
  server.publish(ROOM, 'on the second one');
  await waitFor(() => heard.length === 1);
});

test('the same before the welcome is an attempt that failed', async () => {
  let asked = 0;
  const server = await startServer(() => asked > 0);
  server.io.use((_socket, next) => {
    if (++asked > 1) next();
  });
  const hub = client(server.url);
  const errors: string[] = [];
  hub.on('error', ({ code }) => errors.push(code));
  await waitFor(() => hub.state === 'online');
  expect(errors).toEqual(['unavailable']);
});
