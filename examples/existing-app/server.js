// A Socket.IO program on Express, as many exist, into which Roomcast was added. What it had before still works as it did:
// its routes, its events, its broadcasts, its options of Socket.IO. What it gained: rooms with history, order and recovery,
// checked events, and heavy work off the event loop.
//
//   node examples/existing-app/server.js        then http://127.0.0.1:4000/orders, or any Socket.IO client
import { createServer } from 'node:http';
import express from 'express';
import { createHub, HubError } from 'roomcast';
import { z } from 'zod';

const app = express();
const server = createServer(app);

// Before, this line was: const io = new Server(server, { pingInterval: 10_000 });
const hub = await createHub({
  server,
  io: { pingInterval: 10_000 },
  dataDir: process.env.DATA_DIR ?? './data/existing-app',
  hostMetrics: false,
});
const { io } = hub;

// ---- as it was: an event of its own, a broadcast, a route ----
io.on('connection', (socket) => {
  socket.on('shout', (text) => io.emit('shouted', String(text).toUpperCase()));
});
app.get('/orders', (_request, response) => response.json([...orders.values()]));

// ---- new: an event whose payload is checked and which is always answered ----
const orders = new Map();
const order = z.strictObject({ dish: z.string().min(1).max(40), count: z.int().min(1).max(20) });
hub.handle('order', order, async ({ data, principal }) => {
  if (data.dish === 'soup') throw new HubError('not_found', 'there is no soup left');
  const id = orders.size + 1;
  orders.set(id, { id, ...data, by: principal.user.name });
  // To everyone in the room, in one order, kept for whoever comes later. With this id, once, also when the event is repeated.
  await hub.publish('chat:kitchen', { text: `${data.count} x ${data.dish}, for ${principal.user.name}` }, { id: `order-${id}` });
  return { id };
});

// ---- new: heavy work, in a thread of its own ----
hub.job('forecast', {
  input: z.strictObject({ days: z.int().min(1).max(400) }),
  module: new URL('./forecast.js', import.meta.url),
});

server.listen(Number(process.env.PORT ?? 4000), '127.0.0.1', () => {
  console.log(`The kitchen is at http://127.0.0.1:${server.address().port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await hub.close();
    server.close();
  });
}
