import type { RoomName } from '../../shared/rooms.js';
import type { EncodedBody } from './entry-codec.js';
import type { IdPlace, LmdbIds } from './lmdb-ids.js';
import { endsOf, forgottenKey, type Head, kindOf, type LmdbTables, packEntry, timeOf } from './lmdb-tables.js';
import type { Appended, Retention } from './room-log.js';

/** A message that is to be appended; `bytes` are its body's. */
export interface Append {
  readonly room: RoomName;
  readonly id: string;
  readonly after?: string | undefined;
  readonly body: EncodedBody;
  readonly bytes: number;
  readonly retention: Retention;
}

interface Options {
  readonly tables: LmdbTables;
  readonly ids: LmdbIds;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Precision of the list of rooms by time. */
const LISTED_MS = 10_000;
/** An empty room is forgotten after twice its time to live, but not before. */
const FORGET_MS = 60 * 60_000;

/**
 * One transaction: all is decided against what is committed, then written at once. One is made after the other: no two may
 * be under way. One that fails leaves nothing behind, neither on disk nor here.
 */
export class LmdbTransaction {
  readonly #heads = new Map<RoomName, Head>();
  readonly #ids = new Map<string, IdPlace>();
  readonly #writes: (() => void)[] = [];
  #numbers: number | undefined;

  constructor(private readonly options: Options) {
    options.tables.root.resetReadTxn();
  }

  /** Undefined: what it comes after is not there, and nothing is appended. */
  append({ room, id, after, body, bytes, retention }: Append): Appended | undefined {
    const { tables, now } = this.options;
    const head = this.#head(room) ?? this.#begin(room);
    const time = Math.max(head.time, now);
    const known = this.#place(head, id, time);
    if (known) return { entry: { epoch: head.epoch, seq: known[0], time: known[1] }, repeated: true };
    if (after !== undefined && !this.#place(head, after, time)) return undefined;
    const seq = head.last + 1;
    Object.assign(head, { last: seq, time, messages: retention.messages, ttlMs: retention.ttlMs });
    const packed = packEntry(time, body, bytes);
    this.#writes.push(() => tables.entries.put([head.n, seq], packed));
    this.#remember(head, id, [seq, time]);
    this.#list(room, head);
    return { entry: { epoch: head.epoch, seq, time }, repeated: false };
  }

  /** Drops entries that the room's retention no longer keeps, oldest first, at most `budget`; gives how many. */
  prune(room: RoomName, budget: number): number {
    const head = this.#head(room);
    if (!head) return 0;
    const { entries } = this.options.tables;
    const oldest = head.first;
    const tooMany = () => head.messages > 0 && head.last - head.first + 1 > head.messages;
    while (head.first <= head.last && head.first - oldest < budget && (tooMany() || this.#tooOld(head))) {
      const seq = head.first++;
      this.#writes.push(() => entries.remove([head.n, seq]));
    }
    if (head.first > oldest) this.#heads.set(room, head);
    return head.first - oldest;
  }

  /** Forgets at most `budget` ids whose window is over. */
  pruneIds(budget: number): void {
    const { ids, tables, now } = this.options;
    for (const key of ids.expired(now, budget)) this.#writes.push(() => tables.ids.remove(key));
  }

  /** Takes a room that has no entries off the list, and forgets it once it has been empty for long. */
  retire(room: RoomName, inUse: boolean): void {
    const { tables, now } = this.options;
    const head = this.#head(room);
    if (!head || head.first <= head.last) return;
    if (head.listed > 0) this.#unlist(room, head);
    if (inUse || now - head.time < 2 * Math.max(FORGET_MS, head.ttlMs)) return;
    this.#heads.delete(room);
    const key = forgottenKey(room);
    const forgotten = (tables.meta.get(key) as number | undefined) ?? 0;
    this.#writes.push(() => tables.heads.remove(room));
    this.#writes.push(() => tables.meta.put(key, forgotten + 1));
  }

  /** Resolves once all of it is on disk. */
  async commit(): Promise<void> {
    const { root, heads, meta } = this.options.tables;
    if (this.#writes.length === 0) return;
    await root.batch(() => {
      for (const write of this.#writes) write();
      for (const [room, head] of this.#heads) heads.put(room, head);
      if (this.#numbers !== undefined) meta.put('rooms', this.#numbers);
    });
  }

  /** A head that is changed must be in `#heads`, so that it is written. */
  #head(room: RoomName): Head | undefined {
    return this.#heads.get(room) ?? this.options.tables.heads.get(room);
  }

  #begin(room: RoomName): Head {
    const { tables } = this.options;
    const { epoch } = endsOf(tables, room, undefined);
    this.#numbers = (this.#numbers ?? (tables.meta.get('rooms') as number | undefined) ?? 0) + 1;
    return { n: this.#numbers, epoch, first: 1, last: 0, time: 0, messages: 0, ttlMs: 0, listed: 0 };
  }

  #place({ n }: Head, id: string, time: number): IdPlace | undefined {
    return this.#ids.get(`${n} ${id}`) ?? this.options.ids.find(n, id, time);
  }

  #remember({ n }: Head, id: string, place: IdPlace): void {
    this.#ids.set(`${n} ${id}`, place);
    this.#writes.push(this.options.ids.add(n, id, place));
  }

  #tooOld({ n, first, ttlMs }: Head): boolean {
    if (ttlMs === 0) return false;
    // Undefined: it comes with this very transaction.
    const oldest = this.options.tables.entries.getBinaryFast([n, first]);
    return oldest !== undefined && timeOf(oldest) < this.options.now - ttlMs;
  }

  #list(room: RoomName, head: Head): void {
    this.#heads.set(room, head);
    const { recent } = this.options.tables;
    const moment = head.time - (head.time % LISTED_MS);
    if (head.listed === moment) return;
    if (head.listed > 0) this.#unlist(room, head);
    head.listed = moment;
    this.#writes.push(() => recent.put([kindOf(room), moment, head.n], room));
  }

  #unlist(room: RoomName, head: Head): void {
    const { recent } = this.options.tables;
    const { listed, n } = head;
    this.#heads.set(room, head);
    this.#writes.push(() => recent.remove([kindOf(room), listed, n]));
    head.listed = 0;
  }
}
