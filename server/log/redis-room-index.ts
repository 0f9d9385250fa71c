import { LRUCache } from 'lru-cache';
import type { RoomName } from '../../shared/rooms.js';
import type { LogClient, LogLink } from './redis-log-link.js';
import { roomKeys } from './redis-room-keys.js';
import type { LogRoom } from './room-log.js';

interface IndexOptions {
  readonly link: Pick<LogLink, 'run'>;
  /** Of all keys. */
  readonly prefix: string;
}

/** The rooms of the log by the time of their newest entry: one sorted set for each kind, because keys of rooms lie anywhere. */
export interface RedisRoomIndex {
  /** Notes an append; at most one write each 10 s and room, those of one turn together. A failure is made good by the next append. */
  touch(room: RoomName, time: number, ttlMs: number): void;
  list(query: { prefix: string; limit: number }): Promise<LogRoom[]>;
}

/** The rooms of a kind that were written to in one turn. */
interface TouchedKind {
  readonly name: string;
  readonly rooms: { room: RoomName; time: number; ttlMs: number }[];
  /** When it was last noted that there is such a kind, by the time of Redis. */
  keptAt: number;
}

const TOUCH_MS = 10_000;
const ROOMS_KNOWN = 50_000;
const ROOMS_PER_PAGE = 500;
/** Rooms of a kind with an age limit leave the index this long after their newest entry is too old. */
const LEAVE_MS = 60_000;

export function createRedisRoomIndex({ link, prefix }: IndexOptions): RedisRoomIndex {
  const touched = new LRUCache<RoomName, number>({ max: ROOMS_KNOWN });
  const touchedKinds = new Map<string, TouchedKind>();
  const kindsKey = `${prefix}kinds`;
  const roomsKey = (kind: string) => `${prefix}rooms:${kind}`;

  async function listKind(kind: string, prefix: string, limit: number): Promise<LogRoom[]> {
    const found: LogRoom[] = [];
    for (let start = 0; found.length < limit; start += ROOMS_PER_PAGE) {
      const page = ['ZRANGE', roomsKey(kind), String(start), String(start + ROOMS_PER_PAGE - 1), 'REV'];
      const names = (await link.run((client) => client.sendCommand(page))) as RoomName[];
      const wanted = names.filter((name) => name.startsWith(prefix)).slice(0, limit - found.length);
      const rooms = await link.run((client) => Promise.all(wanted.map((name) => lookAt(client, name))));
      found.push(...rooms.filter((room) => room !== undefined));
      if (names.length < ROOMS_PER_PAGE) break;
    }
    return found;
  }

  async function lookAt(client: LogClient, room: RoomName): Promise<LogRoom | undefined> {
    const { meta, stream } = roomKeys(prefix, room);
    const [place, kept] = await Promise.all([client.sendCommand(['HMGET', meta, 'seq', 'time']), client.sendCommand(['XLEN', stream])]);
    const [last, time] = (place as (string | null)[]).map(Number) as [number, number];
    return (kept as number) > 0 ? { room, last, time } : undefined;
  }

  function kindOf(room: RoomName): TouchedKind {
    const name = room.slice(0, room.indexOf(':'));
    const known = touchedKinds.get(name) ?? { name, rooms: [], keptAt: 0 };
    touchedKinds.set(name, known);
    return known;
  }

  /** Writes what was gathered of a kind; the kind itself, and which of its rooms leave, once in a while. */
  function write(kind: TouchedKind): void {
    const rooms = kind.rooms.splice(0);
    const newest = rooms.at(-1);
    if (!newest) return;
    const key = roomsKey(kind.name);
    const commands = [['ZADD', key, 'GT', ...rooms.flatMap(({ room, time }) => [String(time), room])]];
    if (newest.time - kind.keptAt >= TOUCH_MS) {
      kind.keptAt = newest.time;
      commands.push(['SADD', kindsKey, kind.name]);
      if (newest.ttlMs > 0) commands.push(['ZREMRANGEBYSCORE', key, '-inf', String(newest.time - newest.ttlMs - LEAVE_MS)]);
    }
    link
      .run((client) => Promise.all(commands.map((command) => client.sendCommand(command))))
      .catch(() => {
        kind.keptAt = 0;
        for (const { room } of rooms) touched.delete(room);
      });
  }

  return {
    touch(room, time, ttlMs) {
      if (time - (touched.get(room) ?? 0) < TOUCH_MS) return;
      touched.set(room, time);
      const kind = kindOf(room);
      if (kind.rooms.push({ room, time, ttlMs }) === 1) setImmediate(write, kind);
    },

    async list({ prefix: wanted, limit }) {
      for (const kind of touchedKinds.values()) write(kind);
      const colon = wanted.indexOf(':');
      const known =
        colon < 0 ? ((await link.run((client) => client.sendCommand(['SMEMBERS', kindsKey]))) as string[]) : [wanted.slice(0, colon)];
      const kinds = colon < 0 ? known.filter((kind) => kind.startsWith(wanted)) : known;
      const found = await Promise.all(kinds.map((kind) => listKind(kind, wanted, limit)));
      return found
        .flat()
        .sort((a, b) => b.time - a.time)
        .slice(0, limit);
    },
  };
}
