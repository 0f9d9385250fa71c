import { createServer } from 'node:http';
import { createShardedAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';

// The control: stock Socket.IO with its sharded Redis adapter, as its documentation sets it up. Connection state recovery cannot be had
// with this adapter. It answers the load's two events, so that the same clients drive it.
const [port, redisUrl, pingInterval, pingTimeout] = process.argv.slice(2);

const publishing = createClient({ url: redisUrl! });
const subscribing = publishing.duplicate();
for (const client of [publishing, subscribing]) client.on('error', () => undefined);
await Promise.all([publishing.connect(), subscribing.connect()]);

const http = createServer((_request, response) => response.end('ok'));
const io = new Server(http, {
  adapter: createShardedAdapter(publishing, subscribing),
  pingInterval: Number(pingInterval),
  pingTimeout: Number(pingTimeout),
});
io.on('connection', (socket) => {
  socket.on('subscribe', async ({ room }, acknowledge) => {
    await socket.join(room);
    acknowledge({ ok: true });
  });
  socket.on('publish', ({ room, data }, acknowledge) => {
    io.to(room).emit('message', { room, data });
    acknowledge({ ok: true });
  });
});
http.listen(Number(port), '127.0.0.1');

process.once('SIGTERM', () => {
  io.close();
  setTimeout(() => process.exit(0), 3_000).unref();
  void Promise.allSettled([publishing.close(), subscribing.close()]);
});
