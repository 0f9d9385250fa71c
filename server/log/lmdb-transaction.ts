import type { RoomName } from '../../shared/rooms.js';
import { Chunk, chunkEnds, packChunk, type StoredBody } from './lmdb-chunks.js';
import type { LmdbIds } from './lmdb-ids.js';
import { endOf, endsOf, forgottenKey, type Head, kindOf, type LmdbTables } from './lmdb-tables.js';
import type { Appended, Retention } from './room-log.js';

/** A message that is to be appended; `bytes` are its body's. */
export interface Append extends StoredBody {
  readonly room: RoomName;
  readonly id: string;
  readonly after?: string | undefined;
  readonly retention: Retention;
}

interface Options {
  readonly tables: LmdbTables;
  readonly ids: LmdbIds;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What one transaction does in a room. */
interface RoomWork {
  readonly head: Head;
  readonly added: Append[];
  isChanged: boolean;
}

/** Precision of the list of rooms by time. */
const LISTED_MS = 10_000;
/** An empty room is forgotten after twice its time to live, but not before. */
const FORGET_MS = 60 * 60_000;
/** A room may have this part of its messages too many, and not more than so many, before the oldest are dropped: many at once cost little more than one. */
const SLACK_PART = 16;
const SLACK_MESSAGES = 1_000;
/** Chunks that one room may lose at a time, besides two for each one that it gets. */
const CHUNKS_PER_PRUNE = 16;

/**
 * One transaction: all is decided against what is committed, then written at once. One is made after the other: no two may
 * be under way. One that fails leaves nothing behind, neither on disk nor here.
 */
export class LmdbTransaction {
  readonly #rooms = new Map<RoomName, RoomWork>();
  readonly #writes: (() => void)[] = [];
  #numbers: number | undefined;

  constructor(private readonly options: Options) {
    options.tables.root.resetReadTxn();
  }

  /** Undefined: what it comes after is not there, and nothing is appended. */
  append(one: Append): Appended | undefined {
    const { ids, now } = this.options;
    const work = this.#workOf(one.room) ?? this.#begin(one.room);
    const { head, added } = work;
    const time = Math.max(head.time, now);
    const known = ids.find(head.n, one.id, time);
    if (known) return { entry: { epoch: head.epoch, ...known }, repeated: true };
    if (one.after !== undefined && !ids.find(head.n, one.after, time)) return undefined;
    if (head.last < head.first) head.oldest = time;
    head.last++;
    head.time = time;
    head.messages = one.retention.messages;
    head.ttlMs = one.retention.ttlMs;
    added.push(one);
    const place = { seq: head.last, time };
    ids.add(head.n, one.id, place);
    return { entry: { epoch: head.epoch, ...place }, repeated: false };
  }

  /** Drops what the retention no longer keeps from the rooms that were appended to: about twice what they got, so that old entries never pile up. */
  pruneWritten(): void {
    for (const [room, { added }] of this.#rooms) if (added.length > 0) this.prune(room, 2 * added.length + CHUNKS_PER_PRUNE);
  }

  /** Drops entries that the room's retention no longer keeps, oldest first, at most `budget` chunks; gives how many chunks were looked at. */
  prune(room: RoomName, budget: number): number {
    const work = this.#workOf(room);
    if (!work || !this.#keepsTooMuch(work.head)) return 0;
    const { head } = work;
    const { entries } = this.options.tables;
    const kept = head.messages > 0 ? head.last - head.messages + 1 : head.first;
    let looked = 0;
    let oldest = 0;
    for (const { key, value } of entries.getRange({ start: [head.n, head.first], end: endOf(head.n), limit: budget })) {
      looked++;
      const { last, time } = new Chunk(value, key[1]);
      if (last >= kept && !this.#isTooOld(head, time)) {
        head.first = Math.max(head.first, kept);
        oldest = time;
        break;
      }
      head.first = last + 1;
      this.#writes.push(() => entries.remove(key));
    }
    head.oldest = oldest;
    work.isChanged = true;
    return looked;
  }

  /** Takes a room that has no entries off the list, and forgets it once it has been empty for long. */
  retire(room: RoomName, inUse: boolean): void {
    const { tables, now } = this.options;
    const work = this.#workOf(room);
    if (!work || work.head.first <= work.head.last) return;
    const { head } = work;
    if (head.listed > 0) this.#unlist(room, work);
    if (inUse || now - head.time < 2 * Math.max(FORGET_MS, head.ttlMs)) return;
    work.isChanged = false;
    const key = forgottenKey(room);
    const forgotten = (tables.meta.get(key) as number | undefined) ?? 0;
    this.#writes.push(() => tables.heads.remove(room));
    this.#writes.push(() => tables.meta.put(key, forgotten + 1));
  }

  /** Resolves once all of it is on disk. */
  async commit(): Promise<void> {
    const { tables, ids, now } = this.options;
    for (const [room, work] of this.#rooms) this.#writeRoom(room, work);
    this.#writes.push(...ids.prepare(now));
    if (this.#writes.length === 0) return;
    try {
      await tables.root.batch(() => {
        for (const write of this.#writes) write();
        if (this.#numbers !== undefined) tables.meta.put('rooms', this.#numbers);
      });
    } catch (error) {
      ids.rolledBack();
      throw error;
    }
    ids.committed();
  }

  #writeRoom(room: RoomName, work: RoomWork): void {
    const { tables } = this.options;
    const { head, added } = work;
    if (added.length > 0) this.#list(room, work);
    if (work.isChanged) this.#writes.push(() => tables.heads.put(room, head));
    const before = head.last - added.length;
    let start = 0;
    for (const end of chunkEnds(added)) {
      const packed = packChunk(head.time, added.slice(start, end));
      this.#writes.push(() => tables.entries.put([head.n, before + end], packed));
      start = end;
    }
  }

  #workOf(room: RoomName): RoomWork | undefined {
    const known = this.#rooms.get(room);
    if (known) return known;
    const head = this.options.tables.heads.get(room);
    return head && this.#workOn(room, head);
  }

  #workOn(room: RoomName, head: Head): RoomWork {
    const work: RoomWork = { head, added: [], isChanged: false };
    this.#rooms.set(room, work);
    return work;
  }

  #begin(room: RoomName): RoomWork {
    const { tables } = this.options;
    const { epoch } = endsOf(tables, room, undefined);
    this.#numbers = (this.#numbers ?? (tables.meta.get('rooms') as number | undefined) ?? 0) + 1;
    return this.#workOn(room, { n: this.#numbers, epoch, first: 1, last: 0, time: 0, messages: 0, ttlMs: 0, listed: 0 });
  }

  #keepsTooMuch(head: Head): boolean {
    const { first, last, messages, oldest = 0 } = head;
    if (first > last) return false;
    const slack = Math.min(Math.floor(messages / SLACK_PART), SLACK_MESSAGES);
    return (messages > 0 && last - first + 1 > messages + slack) || this.#isTooOld(head, oldest);
  }

  #isTooOld({ ttlMs }: Head, time: number): boolean {
    return ttlMs > 0 && time < this.options.now - ttlMs;
  }

  #list(room: RoomName, work: RoomWork): void {
    const { head } = work;
    work.isChanged = true;
    const { recent } = this.options.tables;
    const moment = head.time - (head.time % LISTED_MS);
    if (head.listed === moment) return;
    if (head.listed > 0) this.#unlist(room, work);
    head.listed = moment;
    this.#writes.push(() => recent.put([kindOf(room), moment, head.n], room));
  }

  #unlist(room: RoomName, work: RoomWork): void {
    const { recent } = this.options.tables;
    const { listed, n } = work.head;
    work.isChanged = true;
    this.#writes.push(() => recent.remove([kindOf(room), listed, n]));
    work.head.listed = 0;
  }
}
