import type { Frame, SubscribeAnswer } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { LogEntry } from '../log/room-log.js';

/** What a view asks of the feed that owns it. */
export interface ViewHost {
  readonly room: RoomName;
  /** Sends one event to every socket of a group of this room on this node; the event is encoded once. */
  emit(group: string, event: 'frame', payload: Frame): void;
}

/**
 * How the sockets of one room on this node see its log. A room whose kind has no view gives every entry as it is (`message`,
 * or `job` in job rooms). One view exists per room and node, while the room has a socket here.
 */
export interface RoomView {
  /** Each entry in order, from the one after those that `open` was given. */
  entry(entry: LogEntry): void;
  /** Puts a subscriber into a group ('' is everyone at the full rate) and gives what its acknowledgement carries. */
  attach(wish: { maxHz?: number }): { group: string; answer: Pick<SubscribeAnswer, 'metrics'> };
  detach(group: string): void;
  close(): void;
}

/** Opens a view with the room's recent entries, oldest first. */
export interface OpenView {
  /** Entries that `open` wants to see, at most, and their age in milliseconds. */
  readonly backlog: { messages: number; ageMs: number };
  open(host: ViewHost, recent: readonly LogEntry[]): RoomView;
}
