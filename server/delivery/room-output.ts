import type { ServerToClientEvents } from '../../shared/protocol.js';
import type { LogEntry } from '../log/room-log.js';

/** Told how many sockets a thing was sent to. */
export type OnDelivered = (sockets: number) => void;

/** Sends to the sockets of a group on this node; each thing is encoded once. */
export interface RoomOutput {
  emit<E extends keyof ServerToClientEvents>(group: string, event: E, payload: Parameters<ServerToClientEvents[E]>[0]): void;
  /** The event `message`, with an entry of the log as it is. */
  message(group: string, entry: LogEntry): void;
}
