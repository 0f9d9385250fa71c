import type { RoomName } from '../../shared/rooms.js';
import type { LogEntry, LogFollower } from './room-log.js';

/** Hears of what goes wrong inside a log and has no caller to be told: a follower that throws, a commit that fails. */
export type OnLogFault = (error: unknown, room?: RoomName) => void;

/** Who follows which room of a log in this process. One follower that throws does not keep the entry from the others. */
export class Followers {
  readonly #rooms = new Map<RoomName, Set<LogFollower>>();

  constructor(private readonly onFault: OnLogFault = () => {}) {}

  has(room: RoomName): boolean {
    return this.#rooms.has(room);
  }

  add(room: RoomName, follower: LogFollower): () => void {
    // Each call is a follower of its own, also when one object follows twice.
    const own: LogFollower = { entry: (entry) => follower.entry(entry), doubt: () => follower.doubt() };
    const followers = this.#rooms.get(room) ?? new Set();
    this.#rooms.set(room, followers.add(own));
    return () => {
      if (followers.delete(own) && followers.size === 0 && this.#rooms.get(room) === followers) this.#rooms.delete(room);
    };
  }

  entry(room: RoomName, entry: LogEntry): void {
    this.#tell(room, (follower) => follower.entry(entry));
  }

  doubt(room: RoomName): void {
    this.#tell(room, (follower) => follower.doubt());
  }

  clear(): void {
    this.#rooms.clear();
  }

  #tell(room: RoomName, call: (follower: LogFollower) => void): void {
    for (const follower of this.#rooms.get(room) ?? []) {
      try {
        call(follower);
      } catch (error) {
        this.onFault(error, room);
      }
    }
  }
}
