import { HubError } from '../../shared/errors.js';
import { BOUNDS } from '../../shared/limits.js';
import type { RoomName } from '../../shared/rooms.js';
import { asRead } from '../adapter/command-errors.js';
import { bytesFrame, roomChannel, textFrame } from '../adapter/hub-broadcast.js';
import { decodeEntry, encodeBody } from './entry-codec.js';
import type { OnLogFault } from './followers.js';
import { type AppendBatch, gatherAppends } from './redis-appends.js';
import type { LogLink } from './redis-log-link.js';
import { createRoomFollows } from './redis-room-follows.js';
import { createRedisRoomIndex } from './redis-room-index.js';
import { type AppendReply, createRoomScripts, type ReadReply } from './redis-room-scripts.js';
import { SeenEntries } from './redis-seen-entries.js';
import type { Appended, LogEntry, LogPage, LogRange, RoomLog } from './room-log.js';

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

const NOTHING: LogRange = { limit: 0, from: 'oldest' };

/** The engine of many instances: an append is one script, which orders, stores and publishes in one step. */
export function createRedisRoomLog(options: RedisLogOptions): RoomLog {
  const { link, prefix = 'roomcast:', channelPrefix = 'socket.io', idWindowMs = 600_000, onFault } = options;
  const seen = new SeenEntries();
  const scripts = createRoomScripts({ link, prefix, seen });
  const index = createRedisRoomIndex({ link, prefix });
  const follows = createRoomFollows({ link, channelPrefix, seen, onFault });
  const append = gatherAppends(appendBatch);
  let closed = false;

  function refuseWhenClosed(): void {
    if (closed) throw new HubError('unavailable', 'The log is closed.');
  }

  async function read(room: RoomName, range: LogRange): Promise<LogPage> {
    refuseWhenClosed();
    const [epochBytes, first, last, time, page] = await asRead(scripts.read(room, readArgs(range)));
    const epoch = epochBytes.toString();
    seen.agree(room, epoch, last, time);
    const entries = entriesOf(room, epoch, page);
    return { epoch, first, last, entries: range.from === 'oldest' ? entries : entries.reverse() };
  }

  /** One command, and so one step for whoever else writes or reads. */
  async function appendBatch({ room, retention, text, args }: AppendBatch): Promise<(Appended | undefined)[]> {
    refuseWhenClosed();
    const { head, tail } = text ? textFrame(room) : bytesFrame(room);
    const limits = [retention.messages, retention.ttlMs, idWindowMs].map(String);
    const reply = await scripts.append(room, [head, tail, roomChannel(room, channelPrefix), ...limits, ...args]);
    const appended = appendedOf(reply);
    noteNewest(room, appended, retention.ttlMs);
    return appended;
  }

  function noteNewest(room: RoomName, appended: readonly (Appended | undefined)[], ttlMs: number): void {
    let newest: Appended | undefined;
    for (const one of appended) if (one && one.entry.seq > (newest?.entry.seq ?? 0)) newest = one;
    if (!newest) return;
    const { epoch, seq, time } = newest.entry;
    seen.agree(room, epoch, seq, time);
    if (!newest.repeated) index.touch(room, time, ttlMs);
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
      return follows.follow(room, follower);
    },

    async rooms({ prefix: wanted = '', limit }) {
      refuseWhenClosed();
      return asRead(index.list({ prefix: wanted, limit }));
    },

    async close() {
      closed = true;
      scripts.close();
      await follows.close();
    },
  };
}

function readArgs({ after = 0, before, limit, from }: LogRange): string[] {
  // No seq lies under 1: the script's 0 means no bound.
  const none = before !== undefined && before < 1;
  return [String(after), String(before ?? 0), String(none ? 0 : limit), from, String(BOUNDS.pageBytes)];
}

function entriesOf(room: RoomName, epoch: string, page: ReadReply[4]): LogEntry[] {
  const entries: LogEntry[] = [];
  for (let i = 0; i < page.length; i += 3) {
    const [id, at, body] = [page[i]!, page[i + 1]!, page[i + 2]!];
    const seq = Number.parseInt(id.toString(), 10);
    entries.push(decodeEntry(body, { room, epoch, seq, time: Number(at.toString()) }));
  }
  return entries;
}

/** What became of each message; undefined where what it comes after is not there. */
function appendedOf([epochBytes, ...places]: AppendReply): (Appended | undefined)[] {
  const epoch = epochBytes.toString();
  const appended: (Appended | undefined)[] = [];
  for (let i = 0; i < places.length; i += 3) {
    const [seq, time] = [places[i]!, places[i + 1]!];
    appended.push(seq === 0 ? undefined : { entry: { epoch, seq, time }, repeated: places[i + 2] === 1 });
  }
  return appended;
}
