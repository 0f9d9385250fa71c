import { expect, test } from '@jest/globals';
import { startChild } from '../server/cli/child.js';
import { ROOT } from './support/files.js';
import { startHub } from './support/hub-process.js';
import { openRawSocket } from './support/raw-socket.js';
import { testScope } from './support/scope.js';
import { connectClient, type StockClient } from './support/stock-client.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const CLIENTS = 1_000;
/** All at once keep a slow machine busy for longer than a heartbeat may take. */
const AT_ONCE = 50;

test('a thousand clients connect, answer heartbeats and leave; those that answer none are closed, and only those', async () => {
  const hub = await startHub(scope, {
    args: ['--store', 'memory', '--limits', 'off', '--ping-interval-ms', '2000', '--ping-timeout-ms', '3000'],
  });
  const silent = await Promise.all(Array.from({ length: 20 }, () => openRawSocket(scope, hub.url, { connect: true })));
  const clients: StockClient[] = [];
  while (clients.length < CLIENTS) {
    const some = Array.from({ length: AT_ONCE }, () => connectClient(scope, hub.url, { reconnection: false }));
    clients.push(...(await Promise.all(some)));
  }
  const pings = clients.map(({ socket }) => {
    const count = { heard: 0 };
    socket.io.on('ping', () => count.heard++);
    return count;
  });
  await Promise.all(silent.map(({ closed }) => closed));
  // A silent one's only ping was its last.
  for (const { heard } of silent) expect(heard.filter((packet) => packet === '2')).toHaveLength(1);
  await waitFor(() => pings.every(({ heard }) => heard >= 3), { what: 'three heartbeats of each' });
  expect(clients.filter(({ socket }) => socket.connected)).toHaveLength(CLIENTS);
  for (const { socket } of clients) socket.disconnect();
  const open = async () =>
    /^roomcast_connections\{[^}]*websocket[^}]*\} (\d+)/m.exec(await (await fetch(`${hub.url}/metrics`)).text())?.[1];
  await waitFor(async () => (await open()) === '0', { what: 'no connection' });
});

test.each(['websocket', 'polling'])(
  'nothing refers to connections on %s that are gone',
  async (transport) => {
    const program = `${ROOT}test/support/closed-connections.mjs`;
    const child = await startChild('closed-connections', process.execPath, ['--expose-gc', program, '100', transport], { cwd: ROOT });
    scope.defer(child, (running) => running.stop());
    const [line] = await child.printed(/\{.*\}/, 120_000);
    expect(JSON.parse(line)).toEqual({ connected: 100, watched: transport === 'websocket' ? 800 : 700, remaining: {} });
    await child.exited;
  },
  180_000,
);
