import type { RoomName } from '../../shared/rooms.js';

/**
 * Port: messages of the hub's own making on their way into the rooms' logs, over short absences of the store.
 *
 * Order: messages of one room are stored in the order of `push`, one at a time. A message is tried again under one id, so it is
 * stored once. Bounded: the caller asks `full` before it takes on more work for a room; `push` itself always takes.
 */
export interface Outbox {
  /** The room, or the whole outbox, waits with as many bytes as it may: take nothing more for it. */
  full(room: RoomName): boolean;
  /**
   * Resolves when the message is stored.
   * @param bytes what it weighs in memory, roughly
   * @param id makes a repetition harmless: within the id window of the log it is stored once. Left out, it has an id of its own.
   * @throws HubError as `RoomLog.append`, when the store did not take it within the time that the outbox goes on trying
   */
  push(room: RoomName, type: string, data: unknown, bytes: number, id?: string): Promise<void>;
  /** Resolves when nothing waits. */
  idle(): Promise<void>;
}
