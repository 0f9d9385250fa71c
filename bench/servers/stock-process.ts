import { createShardedAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';
import type { StockOptions } from './calls.js';
import { serve } from './serve.js';

interface Publication {
  readonly room: string;
}
type Acknowledge = (answer: { ok: true }) => void;

/** The control: Socket.IO without anything of ours, its room broadcast as its documentation shows it. It checks, orders and keeps nothing. */
serve<StockOptions>(async (server, { deflate = false, perUser = false }, { redisUrl }) => {
  // Without a context that each socket keeps: `ws` heeds the threshold only then, and the memory of 1,000 contexts would be the figure.
  const io = new Server(server, { perMessageDeflate: deflate && { threshold: 1_024, serverNoContextTakeover: true } });
  if (redisUrl !== undefined) io.adapter(await shardedAdapter(redisUrl));
  const emit = perUser ? toEachUser : toTheRoom;
  io.on('connection', (socket) => {
    socket.on('join', async (room: string, acknowledge: Acknowledge) => {
      await socket.join(room);
      acknowledge({ ok: true });
    });
    socket.on('publish', (publication: Publication, acknowledge: Acknowledge) => {
      emit(io, publication);
      acknowledge({ ok: true });
    });
  });
});

function toTheRoom(io: Server, publication: Publication): void {
  io.to(publication.room).emit('message', publication);
}

/** How it is often done: a list of who is there, and an event for each. */
function toEachUser(io: Server, publication: Publication): void {
  for (const id of io.of('/').adapter.rooms.get(publication.room) ?? []) io.to(id).emit('message', publication);
}

async function shardedAdapter(url: string): Promise<ReturnType<typeof createShardedAdapter>> {
  const publisher = createClient({ url });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  return createShardedAdapter(publisher, subscriber);
}
