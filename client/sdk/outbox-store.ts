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
  /** When it went out first, by the hub's clock: from then on it may be stored. */
  readonly sentAt?: number;
}

/**
 * Port: where unsent messages survive a page or process that ends. An entry is named by its room and id. Calls are applied in the order in
 * which they were made, and resolve when what they say is kept; a rejection is reported and the messages go on from memory.
 */
export interface OutboxStore {
  /** Every kept entry, in the order in which they were put. */
  load(): Promise<OutboxEntry[]>;
  /** One that is there already is replaced, in its place. */
  put(entry: OutboxEntry): Promise<void>;
  /** One that is not there is none. */
  remove(entry: Pick<OutboxEntry, 'room' | 'id'>): Promise<void>;
  close(): Promise<void>;
}

/** What is unsent when the process ends is gone. */
export function createMemoryOutboxStore(): OutboxStore {
  const entries = new Map<string, OutboxEntry>();
  return {
    load: async () => [...entries.values()],
    put: async (entry) => void entries.set(`${entry.room} ${entry.id}`, entry),
    remove: async ({ room, id }) => void entries.delete(`${room} ${id}`),
    close: async () => entries.clear(),
  };
}
