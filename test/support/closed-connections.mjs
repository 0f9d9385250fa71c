// A program for `connections.test.ts`: opens and closes clients of a hub in this process (with --expose-gc), and prints what is still
// referenced of their server halves. Arguments: clients, transport.
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { io } from 'socket.io-client';
import { createHub } from '../../dist/server/roomcast.js';

const [clients, transport] = [Number(process.argv[2]), process.argv[3]];
const LOOKS = 200;

const hub = await createHub({ port: 0, store: 'memory', web: false, hostMetrics: false, limits: false, logLevel: 'silent' });
const halves = [];
const watch = (kind, thing) => halves.push({ kind, ref: new WeakRef(thing) });
hub.io.on('connection', (socket) => {
  const { conn } = socket;
  watch('socket', socket);
  watch('client', socket.client);
  watch('connection', conn);
  watch('transport', conn.transport);
  watch('request', conn.request);
  watch('handshake', socket.handshake);
  watch('tcp', conn.request.socket);
  if (conn.transport.socket) watch('websocket', conn.transport.socket);
});

async function visit(n) {
  const client = io(hub.url, { transports: [transport], forceNew: true, reconnection: false });
  await once(client, 'connect');
  await client.emitWithAck('subscribe', { room: `chat:${n % 10}` });
  return client;
}

const open = await Promise.all(Array.from({ length: clients }, (_, n) => visit(n)));
const connected = hub.io.engine.clientsCount;
for (const client of open.splice(0)) client.disconnect();
while (hub.io.engine.clientsCount > 0) await turn();

const remaining = () => halves.filter(({ ref }) => ref.deref()).map(({ kind }) => kind);
for (let look = 0; look < LOOKS && remaining().length > 0; look++) {
  // What ended in this turn may be held until the next; the timers of a client's HTTP sockets until they fire.
  await new Promise((resolve) => setTimeout(resolve, 20));
  globalThis.gc();
}
const counts = {};
for (const kind of remaining()) counts[kind] = (counts[kind] ?? 0) + 1;
console.log(JSON.stringify({ connected, watched: halves.length, remaining: counts }));
await hub.close();
