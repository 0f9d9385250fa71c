import { randomBytes } from 'node:crypto';
import type { RoomName } from '../../shared/rooms.js';
import type { LogLink } from './redis-log-link.js';
import { roomKeys } from './redis-room-keys.js';
import { type RedisScript, readScript, runScript } from './redis-scripts.js';
import type { SeenEntries } from './redis-seen-entries.js';

/** After the epoch: seq, time, and 1 for a repetition or 0, of each message; seq 0 where what it comes after is not there. */
export type AppendReply = [epoch: Buffer, ...places: number[]];
/** The page: seq, time and body of each entry. */
export type ReadReply = [epoch: Buffer, first: number, last: number, time: number, page: Buffer[]];

type Args = readonly (string | Buffer)[];

/** The two scripts of the log, each one step for whoever else writes or reads the room. Reject as the link does. */
export interface RoomScripts {
  append(room: RoomName, args: Args): Promise<AppendReply>;
  read(room: RoomName, args: Args): Promise<ReadReply>;
  /** New connections get no scripts any more. */
  close(): void;
}

interface RoomScriptsOptions {
  readonly link: LogLink;
  /** Of all keys. */
  readonly prefix: string;
  /** What each room is held to: where it has less, the script begins a new epoch. */
  readonly seen: SeenEntries;
}

export function createRoomScripts({ link, prefix, seen }: RoomScriptsOptions): RoomScripts {
  const scripts = { append: readScript('append.lua'), read: readScript('read.lua', 'allow-oom') };
  const newEpoch = epochs();
  const close = link.onConnect((client) => {
    seen.beginConnection();
    // Loaded before any append: one that finds its script missing is repeated, and others could get ahead of it.
    return Promise.all(Object.values(scripts).map(({ source }) => client.sendCommand(['SCRIPT', 'LOAD', source])));
  });

  function call<Reply>(script: RedisScript, room: RoomName, args: Args): Promise<Reply> {
    const { meta, stream, ids } = roomKeys(prefix, room);
    const newest = seen.of(room);
    const all = [newEpoch(), newest.epoch, String(newest.seq), String(seen.isAgreed(newest) ? 0 : newest.time), ...args];
    return link.run((client) => runScript<Reply>(client, script, [meta, stream, ...ids], all));
  }

  return {
    append: (room, args) => call(scripts.append, room, args),
    read: (room, args) => call(scripts.read, room, args),
    close,
  };
}

/** Epochs that no other log has. */
function epochs(): () => string {
  const own = randomBytes(6).toString('hex');
  let given = 0;
  return () => `${own}${(given++).toString(36)}`;
}
