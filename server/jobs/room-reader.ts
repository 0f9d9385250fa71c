import { setImmediate as turn } from 'node:timers/promises';
import { BOUNDS } from '../../shared/limits.js';
import type { RoomName } from '../../shared/rooms.js';
import type { LogEntry, LogPage, LogRange, RoomLog } from '../log/room-log.js';

export interface ReadRange {
  /** Exclusive seq bounds. Default: the whole log. */
  readonly after?: number;
  readonly before?: number;
  /** Default `oldest` first. */
  readonly order?: 'oldest' | 'newest';
}

/** A room's whole log, page by page: memory stays flat however long the log is. */
export interface RoomReader {
  /** Each page's entries in the order that was asked for. */
  pages(room: RoomName, range?: ReadRange): AsyncIterable<readonly LogEntry[]>;
  /** The same, entry by entry. */
  read(room: RoomName, range?: ReadRange): AsyncIterable<LogEntry>;
  entry(room: RoomName, seq: number): Promise<LogEntry | undefined>;
  /** The seq of the first message of that time or later, in milliseconds since 1970; the one after the last when there is none. */
  seqAt(room: RoomName, time: number): Promise<number>;
  ends(room: RoomName): ReturnType<RoomLog['ends']>;
}

/** What a room reader needs of a log. */
export type LogSource = Pick<RoomLog, 'read' | 'ends'>;

/**
 * Reads up to the newest entry there is at the start; when older entries are trimmed meanwhile, it goes on with those that are left.
 * A log whose epoch changes under the reader ends the reading: what follows is another log.
 */
export function createRoomReader(log: LogSource): RoomReader {
  const reader: RoomReader = {
    async *pages(room, { after, before, order = 'oldest' } = {}) {
      const { epoch, first, last } = await log.ends(room);
      let low = Math.max(after ?? 0, first - 1);
      let high = Math.min(before ?? last + 1, last + 1);
      const readNext = () => {
        const reading = log.read(room, pageRange(low, high, order));
        // Whoever ends the reading early does not hear of what it has asked for ahead.
        reading.catch(() => undefined);
        return reading;
      };
      let next = low + 1 < high ? readNext() : undefined;
      while (next) {
        const page = await next;
        if (page.epoch !== epoch || page.entries.length === 0) return;
        if (order === 'oldest') low = page.entries.at(-1)!.seq;
        else high = page.entries[0]!.seq;
        // Asked for while this page is looked at: a log elsewhere takes its time.
        next = low + 1 < high ? readNext() : undefined;
        yield order === 'oldest' ? page.entries : [...page.entries].reverse();
        // An engine in memory or on disk answers without a pause; others have their turn here.
        await turn();
      }
    },
    async *read(room, range) {
      for await (const page of reader.pages(room, range)) yield* page;
    },
    async entry(room, seq) {
      const page: LogPage = await log.read(room, { after: seq - 1, before: seq + 1, limit: 1, from: 'oldest' });
      return page.entries[0];
    },
    async seqAt(room, time) {
      const { first, last } = await log.ends(room);
      let low = first;
      let high = last + 1;
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        const entry = await reader.entry(room, middle);
        // One that is gone meanwhile is older than all that are left.
        if (!entry || entry.message.time < time) low = middle + 1;
        else high = middle;
      }
      return low;
    },
    ends: (room) => log.ends(room),
  };
  return reader;
}

function pageRange(after: number, before: number, from: LogRange['from']): LogRange {
  return { after, before, limit: BOUNDS.pageMessages, from };
}
