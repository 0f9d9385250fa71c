import { randomBytes } from 'node:crypto';
import { HubError } from '../../shared/errors.js';
import { BOUNDS } from '../../shared/limits.js';
import type { RoomName } from '../../shared/rooms.js';
import { encodeBody, placeEntry } from './entry-codec.js';
import { Followers, type OnLogFault } from './followers.js';
import { seqsOf } from './log-range.js';
import type { Appended, LogEnds, LogEntry, LogPage, LogRange, NewMessage, Retention, RoomLog } from './room-log.js';
import { TimedIds } from './timed-ids.js';

interface MemoryLogOptions {
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** How long a repeated id is recognised. */
  readonly idWindowMs?: number;
  readonly onFault?: OnLogFault;
}

interface MemoryRoom {
  readonly name: RoomName;
  readonly epoch: string;
  last: number;
  time: number;
  usedAt: number;
  retention: Retention;
  /** The entry with seq `s` is at index `s - base`; indexes below `start` are dropped. */
  entries: LogEntry[];
  /** Of the entries. */
  times: number[];
  base: number;
  start: number;
  readonly ids: TimedIds;
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
    drop(room, room.usedAt);
    room.ids.removeBefore(room.usedAt - idWindowMs);
    return room;
  }

  function create(name: RoomName): MemoryRoom {
    if (rooms.size >= sweepAtRooms) sweep();
    const room: MemoryRoom = {
      name,
      epoch: randomBytes(6).toString('hex'),
      last: 0,
      time: 0,
      usedAt: 0,
      retention: { messages: 0, ttlMs: 0 },
      entries: [],
      times: [],
      base: 1,
      start: 0,
      ids: new TimedIds(),
    };
    rooms.set(name, room);
    return room;
  }

  function sweep(): void {
    const time = now();
    for (const [name, room] of rooms) {
      drop(room, time);
      room.ids.removeBefore(time - idWindowMs);
      if (room.start === room.entries.length && time - room.usedAt > FORGET_MS && !followers.has(name)) rooms.delete(name);
    }
    sweepAtRooms = Math.max(ROOMS_BEFORE_SWEEP, rooms.size * 2);
  }

  function drop(room: MemoryRoom, time: number): void {
    const { messages, ttlMs } = room.retention;
    const tooOld = (at: number | undefined) => ttlMs > 0 && at !== undefined && at <= time - ttlMs;
    const tooMany = () => messages > 0 && room.entries.length - room.start > messages;
    while (tooMany() || tooOld(room.times[room.start])) room.start++;
    if (room.start > 256 && room.start * 2 > room.entries.length) {
      room.entries = room.entries.slice(room.start);
      room.times = room.times.slice(room.start);
      room.base += room.start;
      room.start = 0;
    }
  }

  const endsOf = (room: MemoryRoom): LogEnds => ({ epoch: room.epoch, first: room.base + room.start, last: room.last });

  return {
    durability: 'Memory: the rooms live as long as this process.',

    async append(message: NewMessage, retention: Retention): Promise<Appended> {
      const room = open(message.room);
      const known = room.ids.find(message.id);
      if (known) return { entry: { epoch: room.epoch, ...known }, repeated: true };
      if (message.after !== undefined && !room.ids.has(message.after)) throw new HubError('out_of_order');
      const body = encodeBody(message);
      const bytes = Buffer.byteLength(body);
      room.last++;
      room.time = Math.max(room.time, now());
      room.retention = retention;
      const { epoch, last: seq, time } = room;
      const entry = placeEntry(body, { room: room.name, epoch, seq, time }, bytes);
      room.entries.push(entry);
      room.times.push(time);
      room.ids.add(message.id, seq, time);
      drop(room, room.time);
      // Behind what runs: a follower that appends must not get ahead of this entry at the other followers.
      void SOON.then(() => followers.entry(room.name, entry));
      return { entry: { epoch, seq, time }, repeated: false };
    },

    async read(name: RoomName, range: LogRange): Promise<LogPage> {
      const room = open(name);
      const ends = endsOf(room);
      const { from, to } = seqsOf(ends, range);
      const entries: LogEntry[] = [];
      let bytes = 0;
      for (let i = 0; i < Math.min(range.limit, to - from + 1); i++) {
        const entry = room.entries[(range.from === 'oldest' ? from + i : to - i) - room.base]!;
        bytes += entry.bytes;
        if (bytes > BOUNDS.pageBytes && i > 0) break;
        entries.push(entry);
      }
      return { ...ends, entries: range.from === 'oldest' ? entries : entries.reverse() };
    },

    async ends(name) {
      return endsOf(open(name));
    },

    async follow(name, follower) {
      open(name);
      return followers.add(name, follower);
    },

    async rooms({ prefix = '', limit }) {
      refuseWhenClosed();
      const time = now();
      for (const room of rooms.values()) drop(room, time);
      return [...rooms]
        .filter(([name, room]) => name.startsWith(prefix) && room.start < room.entries.length)
        .sort(([, a], [, b]) => b.time - a.time)
        .slice(0, limit)
        .map(([name, room]) => ({ room: name, last: room.last, time: room.time }));
    },

    async close() {
      closed = true;
      rooms.clear();
      followers.clear();
    },
  };
}
