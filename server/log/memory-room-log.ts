import { HubError } from '../../shared/errors.js';
import type { RoomName } from '../../shared/rooms.js';
import { Followers, type OnLogFault } from './followers.js';
import { MemoryRoom } from './memory-room.js';
import type { Appended, NewMessage, Retention, RoomLog } from './room-log.js';

interface MemoryLogOptions {
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** How long a repeated id is recognised. */
  readonly idWindowMs?: number;
  readonly onFault?: OnLogFault;
}

/** Rooms without an entry are forgotten, with their epoch, when nobody asked for them this long. */
const FORGET_MS = 60 * 60_000;
const ROOMS_BEFORE_SWEEP = 1_000;
/** For what is to be done next: `queueMicrotask` makes a resource of each call. */
const SOON = Promise.resolve();

/** The engine that keeps nothing: for tests, and for hubs whose rooms may go with the process. */
export function createMemoryRoomLog(options: MemoryLogOptions = {}): RoomLog {
  const { now = Date.now, idWindowMs = 600_000, onFault } = options;
  const rooms = new Map<RoomName, MemoryRoom>();
  const followers = new Followers(onFault);
  let sweepAtRooms = ROOMS_BEFORE_SWEEP;
  let closed = false;

  function refuseWhenClosed(): void {
    if (closed) throw new HubError('unavailable', 'The log is closed.');
  }

  function open(name: RoomName): MemoryRoom {
    refuseWhenClosed();
    const room = rooms.get(name) ?? create(name);
    room.usedAt = now();
    forget(room, room.usedAt);
    return room;
  }

  function create(name: RoomName): MemoryRoom {
    if (rooms.size >= sweepAtRooms) sweep();
    const room = new MemoryRoom(name);
    rooms.set(name, room);
    return room;
  }

  function sweep(): void {
    const time = now();
    for (const [name, room] of rooms) {
      forget(room, time);
      if (room.isEmpty && time - room.usedAt > FORGET_MS && !followers.has(name)) rooms.delete(name);
    }
    sweepAtRooms = Math.max(ROOMS_BEFORE_SWEEP, rooms.size * 2);
  }

  function forget(room: MemoryRoom, time: number): void {
    room.drop(time);
    room.ids.removeBefore(time - idWindowMs);
  }

  return {
    durability: 'Memory: the rooms live as long as this process.',

    async append(message: NewMessage, retention: Retention): Promise<Appended> {
      const room = open(message.room);
      const known = room.ids.find(message.id);
      if (known) return { entry: { epoch: room.epoch, ...known }, repeated: true };
      if (message.after !== undefined && !room.ids.has(message.after)) throw new HubError('out_of_order');
      const entry = room.add(message, retention, now());
      // Behind what runs: a follower that appends must not get ahead of this entry at the other followers.
      void SOON.then(() => followers.entry(room.name, entry));
      return { entry: { epoch: entry.epoch, seq: entry.seq, time: room.time }, repeated: false };
    },

    async read(name, range) {
      return open(name).read(range);
    },

    async ends(name) {
      return open(name).ends;
    },

    async follow(name, follower) {
      open(name);
      return followers.add(name, follower);
    },

    async rooms({ prefix = '', limit }) {
      refuseWhenClosed();
      const time = now();
      for (const room of rooms.values()) room.drop(time);
      return [...rooms]
        .filter(([name, room]) => name.startsWith(prefix) && !room.isEmpty)
        .sort(([, a], [, b]) => b.time - a.time)
        .slice(0, limit)
        .map(([name, room]) => ({ room: name, last: room.ends.last, time: room.time }));
    },

    async close() {
      closed = true;
      rooms.clear();
      followers.clear();
    },
  };
}
