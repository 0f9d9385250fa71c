import { formatPosition, type PositionParts } from '../../shared/position.js';
import type { LineBatch } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { LineFilter, LogLine } from '../../shared/schemas.js';
import type { LogEntry } from '../log/room-log.js';
import type { Clock } from '../observe/clock.js';
import { compileFilter, type LineTest, linesOf } from './line-filter.js';
import type { FeedReader, RoomFeed } from './room-feed.js';

/** What a group says to those who are in it. */
export interface LineHearer {
  lines(batch: LineBatch): void;
  /** Entries are gone: the group now stands at `position`. */
  gap(position: PositionParts): void;
}

/** At most one batch of lines in this time; the first after a pause goes out at the end of its turn. */
export const BATCH_MS = 100;
/** Bytes of the messages that a batch's lines come from, past which it goes out at once. */
const BATCH_BYTES = 128 * 1024;
/** Time after which readers whose filter passes nothing are told how far the room is. */
export const PROGRESS_MS = 5_000;
/** The newest lines, which whoever skips is given. */
export const NEWEST_LINES = 200;

/**
 * All live readers of one room on this node who see it through one filter: each entry is held against it once, and what passes goes to
 * all of them in one batch.
 */
export class LineGroup implements FeedReader {
  readonly room: RoomName;
  readonly #passes: LineTest;
  readonly #hearers = new Set<LineHearer>();
  readonly #passed = new WeakMap<LogEntry, readonly LogLine[]>();
  readonly #leave: () => void;
  #pending: LogLine[] = [];
  #pendingBytes = 0;
  /** Up to where the feed has come, up to where the hearers have everything, and the position that they were told last. */
  #heard: PositionParts;
  #stands: PositionParts;
  #told: PositionParts;
  #count = 0;
  #newest: LogLine[] = [];
  #sentAt = Number.NEGATIVE_INFINITY;
  #due: { readonly at: number; readonly disarm: () => void } | undefined;
  #endsTurn = false;

  /** @throws HubError `invalid` for a filter that cannot be */
  constructor(
    private readonly feed: RoomFeed,
    filter: LineFilter,
    private readonly clock: Clock,
    /** Hears first: the sockets of the group. */
    private readonly sockets: LineHearer,
  ) {
    this.room = feed.room;
    this.#passes = compileFilter(filter);
    this.#heard = this.#stands = this.#told = { epoch: feed.epoch, seq: feed.last };
    this.#leave = feed.add(this);
  }

  /** Up to here those who are live have everything. */
  get stands(): PositionParts {
    return this.#stands;
  }

  /** Lines that passed, and were told to those who are live. */
  get count(): number {
    return this.#count;
  }

  /** The lines of an entry that pass; each entry is looked at once. */
  passing(entry: LogEntry): readonly LogLine[] {
    const known = this.#passed.get(entry);
    if (known) return known;
    const lines = linesOf(entry).filter(this.#passes);
    this.#passed.set(entry, lines);
    return lines;
  }

  /** The newest of the lines told, `NEWEST_LINES` at most, oldest first. */
  newest(most: number): LogLine[] {
    return most <= 0 ? [] : this.#newest.slice(-most);
  }

  /** Tells what waits, so that whoever is live from now on has all up to the feed's end. */
  settle(): void {
    if (this.#pending.length > 0) this.#tell();
  }

  /** Hears every batch from now on, settled or not; the function ends it. */
  join(hearer: LineHearer): () => void {
    this.#hearers.add(hearer);
    return () => this.#hearers.delete(hearer);
  }

  entry(entry: LogEntry): void {
    const lines = this.passing(entry);
    this.#heard = { epoch: entry.epoch, seq: entry.seq };
    if (lines.length > 0) this.#take(lines, entry.bytes);
    else if (this.#pending.length === 0) this.#stands = this.#heard;
    if (this.#pendingBytes >= BATCH_BYTES) this.#tell();
    else this.#tellLater();
  }

  gap(): void {
    this.settle();
    this.#heard = this.#stands = this.#told = { epoch: this.feed.epoch, seq: this.feed.last };
    for (const hearer of this.#everybody()) hearer.gap(this.#told);
  }

  close(): void {
    this.#disarm();
    this.#leave();
  }

  #take(lines: readonly LogLine[], bytes: number): void {
    for (const line of lines) this.#pending.push(line);
    this.#pendingBytes += bytes;
  }

  #tellLater(): void {
    const now = this.clock.now();
    const at = this.#pending.length > 0 ? this.#sentAt + BATCH_MS : now + PROGRESS_MS;
    if (this.#due && this.#due.at <= at) return;
    this.#disarm();
    if (at <= now) this.#tellAtTurnsEnd();
    else this.#due = { at, disarm: this.clock.after(at - now, () => this.#tell()) };
  }

  #tellAtTurnsEnd(): void {
    if (this.#endsTurn) return;
    this.#endsTurn = true;
    queueMicrotask(() => {
      this.#endsTurn = false;
      this.settle();
    });
  }

  #tell(): void {
    this.#disarm();
    const batch: LineBatch = {
      room: this.room,
      after: formatPosition(this.#told.epoch, this.#told.seq),
      position: formatPosition(this.#heard.epoch, this.#heard.seq),
      lines: this.#pending,
    };
    this.#count += batch.lines.length;
    this.#newest = [...this.#newest, ...batch.lines.slice(-NEWEST_LINES)].slice(-NEWEST_LINES);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#told = this.#stands = this.#heard;
    this.#sentAt = this.clock.now();
    for (const hearer of this.#everybody()) hearer.lines(batch);
  }

  #everybody(): LineHearer[] {
    return [this.sockets, ...this.#hearers];
  }

  #disarm(): void {
    this.#due?.disarm();
    this.#due = undefined;
  }
}
