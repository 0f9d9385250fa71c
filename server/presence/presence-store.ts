import type { User } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';

export interface PresenceChange {
  readonly joined: readonly User[];
  readonly left: readonly User[];
  /** Distinct users in the room after the change. */
  readonly count: number;
}

export interface PresencePage {
  readonly count: number;
  readonly users: readonly User[];
  /** Give it back to get the next users; left out on the last page. */
  readonly cursor?: string;
}

/**
 * Port: who is in a room, by user. A user's several connections are one user: it joins with its first and leaves with its last.
 *
 * Memberships live under a lease of the instance that holds the connection: an instance that dies takes its members
 * with it within `leaseMs` (15 s). A user whose last connection goes is still there for `graceMs` (10 s): coming
 * back within it makes no change. `join` and `leave` cost O(1) store operations; no instance is ever asked.
 *
 * Failure: `list` rejects with HubError `unavailable` within 2 s when the store is away. `join` and `leave` always succeed for
 * the caller: what could not be written is written when the store is back.
 */
export interface PresenceStore {
  join(room: RoomName, member: { user: User; connection: string }): void;
  leave(room: RoomName, member: { user: User; connection: string }): void;
  list(room: RoomName, page: { limit: number; cursor?: string }): Promise<PresencePage>;
  /** Changes of the room on all instances, coalesced: at most one call per second and room. Gives the function that ends it. */
  follow(room: RoomName, listener: (change: PresenceChange) => void): Promise<() => void>;
  close(): Promise<void>;
}
