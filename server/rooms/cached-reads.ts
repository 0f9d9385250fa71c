import type { RoomName } from '../../shared/rooms.js';

/** What rooms ask of the hub's cache; one computation for many askers. */
export interface CachedReads {
  read<Value>(
    key: string,
    read: {
      /** Milliseconds; 0: not kept. */
      ttlMs: number | ((value: Value) => number);
      staleMs?: number;
      tags?: readonly string[];
      here?: true;
      compute(): Promise<Value>;
    },
  ): Promise<Value>;
}

/** Ends with each room that appears. */
export const ROOMS_TAG = 'rooms';

/** Ends when somebody came into the room or left it. */
export const presenceTag = (room: RoomName): string => `presence ${room}`;
