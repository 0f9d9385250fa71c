import { randomBytes } from 'node:crypto';
import { BOUNDS } from '../../shared/limits.js';
import type { RoomName } from '../../shared/rooms.js';
import { encodeBody, placeEntry } from './entry-codec.js';
import { seqsOf } from './log-range.js';
import type { LogEnds, LogEntry, LogPage, LogRange, NewMessage, Retention } from './room-log.js';
import { TimedIds } from './timed-ids.js';

/** So many dropped entries at least are moved away at once. */
const DROPPED_AT_ONCE = 256;

/** The log of one room in memory. Times are milliseconds since 1970. */
export class MemoryRoom {
  readonly epoch = randomBytes(6).toString('hex');
  readonly ids = new TimedIds();
  /** When somebody last asked for it. */
  usedAt = 0;
  #last = 0;
  #time = 0;
  #retention: Retention = { messages: 0, ttlMs: 0 };
  /** The entry with seq `s` is at index `s - #base`; indexes below `#start` are dropped. */
  #entries: LogEntry[] = [];
  /** Of the entries. */
  #times: number[] = [];
  #base = 1;
  #start = 0;

  constructor(readonly name: RoomName) {}

  get ends(): LogEnds {
    return { epoch: this.epoch, first: this.#base + this.#start, last: this.#last };
  }

  /** Of the newest entry that there ever was. */
  get time(): number {
    return this.#time;
  }

  get isEmpty(): boolean {
    return this.#start === this.#entries.length;
  }

  /** Gives the new entry; its time is `time`. @throws HubError `invalid` when the data has something that cannot be stored */
  add(message: NewMessage, retention: Retention, now: number): LogEntry {
    const body = encodeBody(message);
    const bytes = Buffer.byteLength(body);
    const seq = ++this.#last;
    const time = Math.max(this.#time, now);
    this.#time = time;
    this.#retention = retention;
    const entry = placeEntry(body, { room: this.name, epoch: this.epoch, seq, time }, bytes);
    this.#entries.push(entry);
    this.#times.push(time);
    this.ids.add(message.id, seq, time);
    this.drop(time);
    return entry;
  }

  read(range: LogRange): LogPage {
    const { ends } = this;
    const { from, to } = seqsOf(ends, range);
    const entries: LogEntry[] = [];
    let bytes = 0;
    for (let i = 0; i < Math.min(range.limit, to - from + 1); i++) {
      const entry = this.#entries[(range.from === 'oldest' ? from + i : to - i) - this.#base]!;
      bytes += entry.bytes;
      if (bytes > BOUNDS.pageBytes && i > 0) break;
      entries.push(entry);
    }
    return { ...ends, entries: range.from === 'oldest' ? entries : entries.reverse() };
  }

  /** Drops what its retention does not keep. */
  drop(now: number): void {
    const { messages, ttlMs } = this.#retention;
    const tooOld = (at: number | undefined) => ttlMs > 0 && at !== undefined && at <= now - ttlMs;
    const tooMany = () => messages > 0 && this.#entries.length - this.#start > messages;
    while (tooMany() || tooOld(this.#times[this.#start])) this.#start++;
    if (this.#start <= DROPPED_AT_ONCE || this.#start * 2 <= this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#start);
    this.#times = this.#times.slice(this.#start);
    this.#base += this.#start;
    this.#start = 0;
  }
}
