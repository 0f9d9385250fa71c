import type { RoomName } from '../../shared/rooms.js';

/** A message that waits to be stored by the hub. */
export interface OutboxEntry {
  readonly room: RoomName;
  readonly id: string;
  readonly type?: string;
  readonly data: unknown;
  /** Who wrote it: nobody else's connection sends it. */
  readonly user: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/**
 * Port: where unsent messages survive a page or process that ends. An entry is named by its room and id. Calls are applied in the order in
 * which they were made; a rejection is reported and the messages go on from memory.
 */
export interface OutboxStore {
  /** Every kept entry, in the order in which they were put. */
  load(): Promise<OutboxEntry[]>;
  put(entry: OutboxEntry): Promise<void>;
  remove(entry: Pick<OutboxEntry, 'room' | 'id'>): Promise<void>;
  close(): Promise<void>;
}

/** Keeps nothing: what is unsent when the process ends is gone. */
export function createMemoryOutboxStore(): OutboxStore {
  return {
    load: async () => [],
    put: async () => {},
    remove: async () => {},
    close: async () => {},
  };
}
