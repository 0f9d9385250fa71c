import type { Server } from 'socket.io';
import type { LogEntry } from '../log/room-log.js';
import { sessionOf } from '../recovery/client-session.js';
import type { OnDelivered, RoomOutput } from './room-output.js';

/** Sends as Socket.IO does by itself. */
export class StockOutput implements RoomOutput {
  constructor(
    private readonly io: Server,
    private readonly onDelivered: OnDelivered,
  ) {}

  emit(group: string, event: string, payload: unknown): void {
    this.onDelivered(this.io.of('/').adapter.rooms.get(group)?.size ?? 0);
    this.io.local.to(group).emit(event, payload);
  }

  message(group: string, entry: LogEntry): void {
    const { sockets, adapter } = this.io.of('/');
    const members = [...(adapter.rooms.get(group) ?? [])].flatMap((id) => sockets.get(id) ?? []);
    const withSession = members.filter((socket) => sessionOf(socket));
    this.onDelivered(members.length);
    if (withSession.length < members.length) {
      this.io.local
        .to(group)
        .except(withSession.map(({ id }) => id))
        .emit('message', entry.message);
    }
    for (const socket of withSession) socket.emit('message', entry.message, sessionOf(socket)?.offset());
  }
}
