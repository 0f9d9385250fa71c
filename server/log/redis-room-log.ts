import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { HubError } from '../../shared/errors.js';
import { BOUNDS } from '../../shared/limits.js';
import type { RoomName } from '../../shared/rooms.js';
import { asRead } from '../adapter/command-errors.js';
import { bytesFrame, roomChannel, textFrame } from '../adapter/hub-broadcast.js';
import { once } from '../once.js';
import { decodeEntry, encodeBody } from './entry-codec.js';
import { Followers, type OnLogFault } from './followers.js';
import { type AppendBatch, gatherAppends } from './redis-appends.js';
import { broadcastReader } from './redis-broadcast.js';
import type { LogLink } from './redis-log-link.js';
import { createRedisRoomIndex } from './redis-room-index.js';
import { type RedisScript, readScript, runScript } from './redis-scripts.js';
import type { Appended, LogPage, LogRange, RoomLog } from './room-log.js';

export interface RedisLogOptions {
  readonly link: LogLink;
  /** Of all keys. */
  readonly prefix?: string;
  /** Of all channels; the adapter's must be the same. */
  readonly channelPrefix?: string;
  /** How long a repeated id is recognised at least, on every instance. */
  readonly idWindowMs?: number;
  readonly onFault?: OnLogFault;
}

/** After the epoch: seq, time, and 1 for a repetition or 0, of each message. */
type AppendReply = [epoch: Buffer, ...places: number[]];
type ReadReply = [epoch: Buffer, first: number, last: number, time: number, page: Buffer[]];

/** The newest entry of a room that was seen here: a Redis that comes back without it has lost entries. */
interface Seen {
  readonly epoch: string;
  readonly seq: number;
  readonly time: number;
  /** The connection on which Redis last agreed. */
  readonly connection: number;
}

const ROOMS_KNOWN = 50_000;
const NOTHING_SEEN: Seen = { epoch: '', seq: 0, time: 0, connection: 0 };
const NOTHING: LogRange = { limit: 0, from: 'oldest' };

/** The engine of many instances: an append is one script, which orders, stores and publishes in one step. */
export function createRedisRoomLog(options: RedisLogOptions): RoomLog {
  const { link, prefix = 'roomcast:', channelPrefix = 'socket.io', idWindowMs = 600_000, onFault } = options;
  const scripts = { append: readScript('append.lua'), read: readScript('read.lua', 'allow-oom') };
  const index = createRedisRoomIndex({ link, prefix, keysOf });
  const followers = new Followers(onFault);
  const subscriptions = new Map<RoomName, { users: number; readonly ending: Promise<() => void> }>();
  const seen = new LRUCache<RoomName, Seen>({ max: ROOMS_KNOWN });
  const newEpoch = epochs();
  const append = gatherAppends(appendBatch);
  let closed = false;
  let connection = 0;
  const unprepare = link.onConnect((client) => {
    connection++;
    // Loaded before any append: one that finds its script missing is repeated, and others could get ahead of it.
    return Promise.all(Object.values(scripts).map(({ source }) => client.sendCommand(['SCRIPT', 'LOAD', source])));
  });

  function keysOf(room: RoomName) {
    const key = `${prefix}{${room}}:`;
    return { meta: `${key}meta`, stream: `${key}log`, ids: [`${key}ids0`, `${key}ids1`] as const };
  }

  function refuseWhenClosed(): void {
    if (closed) throw new HubError('unavailable', 'The log is closed.');
  }

  function call<Reply>(script: RedisScript, room: RoomName, args: readonly (string | Buffer)[]): Promise<Reply> {
    refuseWhenClosed();
    const { meta, stream, ids } = keysOf(room);
    const { epoch, seq, time, connection: agreedOn } = seen.get(room) ?? NOTHING_SEEN;
    const all = [newEpoch(), epoch, String(seq), String(agreedOn === connection ? 0 : time), ...args];
    return link.run((client) => runScript<Reply>(client, script, [meta, stream, ...ids], all));
  }

  /** Redis agreed with all that was seen of the room, and says that this is one of its entries. */
  function see(room: RoomName, epoch: string, seq: number, time: number): void {
    const known = seen.get(room);
    const newest = known?.epoch === epoch && known.seq > seq ? known : { epoch, seq, time };
    seen.set(room, { ...newest, connection });
  }

  async function read(room: RoomName, range: LogRange): Promise<LogPage> {
    const { after = 0, before = 0, limit, from } = range;
    // No seq lies under 1: the script's 0 means no bound.
    const none = range.before !== undefined && before < 1;
    const args = [String(after), String(before), String(none ? 0 : limit), from, String(BOUNDS.pageBytes)];
    const [epochBytes, first, last, time, page] = await asRead(call<ReadReply>(scripts.read, room, args));
    const epoch = epochBytes.toString();
    see(room, epoch, last, time);
    const entries = [];
    for (let i = 0; i < page.length; i += 3) {
      const [id, at, body] = [page[i]!, page[i + 1]!, page[i + 2]!];
      const seq = Number.parseInt(id.toString(), 10);
      entries.push(decodeEntry(body, { room, epoch, seq, time: Number(at.toString()) }));
    }
    return { epoch, first, last, entries: from === 'oldest' ? entries : entries.reverse() };
  }

  /** One command, and so one step for whoever else writes or reads. */
  async function appendBatch({ room, retention, text, args }: AppendBatch): Promise<(Appended | undefined)[]> {
    const { head, tail } = text ? textFrame(room) : bytesFrame(room);
    const limits = [retention.messages, retention.ttlMs, idWindowMs].map(String);
    const [epochBytes, ...places] = await call<AppendReply>(scripts.append, room, [
      head,
      tail,
      roomChannel(room, channelPrefix),
      ...limits,
      ...args,
    ]);
    const epoch = epochBytes.toString();
    const appended: (Appended | undefined)[] = [];
    for (let i = 0; i < places.length; i += 3) {
      const [seq, time] = [places[i]!, places[i + 1]!];
      appended.push(seq === 0 ? undefined : { entry: { epoch, seq, time }, repeated: places[i + 2] === 1 });
    }
    note(
      room,
      appended.filter((one) => one !== undefined),
      retention.ttlMs,
    );
    return appended;
  }

  function note(room: RoomName, appended: readonly Appended[], ttlMs: number): void {
    if (appended.length === 0) return;
    const newest = appended.reduce((one, other) => (other.entry.seq > one.entry.seq ? other : one));
    const { epoch, seq, time } = newest.entry;
    see(room, epoch, seq, time);
    if (!newest.repeated) index.touch(room, time, ttlMs);
  }

  /** Gives what takes the payloads of a room's channel. */
  function hearing(room: RoomName): (payload: Buffer) => void {
    const read = broadcastReader(room);
    return (payload) => {
      const heard = read(payload);
      if (!heard) return;
      const { entry, time } = heard;
      // Until Redis agreed again, what was seen before is what it must be held to.
      if ((seen.get(room)?.connection ?? connection) === connection) see(room, entry.epoch, entry.seq, time);
      followers.entry(room, entry);
    };
  }

  function subscription(room: RoomName) {
    const there = subscriptions.get(room);
    if (there) return there;
    const listener = { message: hearing(room), doubt: () => followers.doubt(room) };
    const made = { users: 0, ending: link.subscribe(roomChannel(room, channelPrefix), listener) };
    subscriptions.set(room, made);
    made.ending.catch(() => {
      if (subscriptions.get(room) === made) subscriptions.delete(room);
    });
    return made;
  }

  return {
    get durability() {
      return link.durability;
    },

    async append(message, retention) {
      refuseWhenClosed();
      return append({ room: message.room, id: message.id, after: message.after, body: encodeBody(message), retention });
    },

    read,

    async ends(room) {
      const { epoch, first, last } = await read(room, NOTHING);
      return { epoch, first, last };
    },

    async follow(room, follower) {
      refuseWhenClosed();
      if (!link.ready()) throw new HubError('unavailable', 'Redis cannot be reached.');
      const shared = subscription(room);
      const remove = followers.add(room, follower);
      shared.users++;
      try {
        await shared.ending;
      } catch (error) {
        remove();
        throw error;
      }
      return once(() => {
        remove();
        if (--shared.users > 0) return;
        if (subscriptions.get(room) === shared) subscriptions.delete(room);
        void shared.ending.then((end) => end());
      });
    },

    async rooms({ prefix: wanted = '', limit }) {
      refuseWhenClosed();
      return asRead(index.list({ prefix: wanted, limit }));
    },

    async close() {
      closed = true;
      unprepare();
      followers.clear();
      const ended = [...subscriptions.values()].map(({ ending }) => ending.then((end) => end()));
      subscriptions.clear();
      await Promise.allSettled(ended);
    },
  };
}

/** Epochs that no other log has. */
function epochs(): () => string {
  const own = randomBytes(6).toString('hex');
  let given = 0;
  return () => `${own}${(given++).toString(36)}`;
}
