import type { Server } from 'socket.io';
import type { LogEntry } from '../log/room-log.js';
import type { OnDelivered } from './delivery.js';
import type { RoomOutput } from './room-output.js';

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
    this.emit(group, 'message', entry.message);
  }
}
