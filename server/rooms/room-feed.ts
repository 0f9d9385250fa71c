import { BOUNDS } from '../../shared/limits.js';
import type { RoomName } from '../../shared/rooms.js';
import type { LogEntry, LogFollower, LogPage } from '../log/room-log.js';

/** What hears a feed. Both are called in the turn in which the entry became known here. */
export interface FeedReader {
  entry(entry: LogEntry): void;
  /** Entries are gone that nobody can read any more; the next entry is the first of what there is. */
  gap(): void;
}

export interface FeedOptions {
  room: RoomName;
  /** Reads what follows `after`, oldest first. */
  read(after: number): Promise<LogPage>;
  /** Entries kept for readers that are a little behind. */
  recentEntries: number;
  onRepair(entries: number): void;
  onFault(error: unknown): void;
}

/**
 * One room's log as this node hears it: each entry once, ascending, without holes. What the log's followers miss is read
 * from the log. The feed stands at `epoch` and `last`: all its readers have had everything up to there.
 */
export class RoomFeed implements LogFollower {
  readonly room: RoomName;
  #epoch = '';
  #last = 0;
  #standing = false;
  #heardEarly = false;
  #recent: LogEntry[] = [];
  #recentBytes = 0;
  #repairing: Promise<void> | undefined;
  #repairAgain = false;
  readonly #readers = new Set<FeedReader>();
  /** The readers as each entry goes to them, until one comes or goes. */
  #hearers: readonly FeedReader[] | undefined;

  constructor(private readonly options: FeedOptions) {
    this.room = options.room;
  }

  get epoch(): string {
    return this.#epoch;
  }

  get last(): number {
    return this.#last;
  }

  /** Where the feed begins, once. `at` was read after the log was followed: what was heard before lies behind it or is read again. */
  stand(at: { epoch: string; last: number }): void {
    this.#epoch = at.epoch;
    this.#last = at.last;
    this.#standing = true;
    if (this.#heardEarly) this.doubt();
  }

  add(reader: FeedReader): () => void {
    this.#readers.add(reader);
    this.#hearers = undefined;
    return () => {
      this.#readers.delete(reader);
      this.#hearers = undefined;
    };
  }

  entry(entry: LogEntry): void {
    this.#heardEarly ||= !this.#standing;
    if (!this.#standing) return;
    if (entry.epoch === this.#epoch && entry.seq <= this.#last) return;
    if (entry.epoch === this.#epoch && entry.seq === this.#last + 1) this.#deliver(entry);
    else this.doubt();
  }

  doubt(): void {
    void this.catchUp().catch(this.options.onFault);
  }

  /** Entries after `seq`, when they are at hand. */
  recentAfter(seq: number): readonly LogEntry[] | undefined {
    const oldest = this.#recent[0];
    if (seq >= this.#last) return [];
    return oldest && oldest.seq <= seq + 1 ? this.#recent.slice(seq + 1 - oldest.seq) : undefined;
  }

  /** Reads the log until the feed stands at its end. Callers during a run wait for one more run: theirs began later. */
  async catchUp(): Promise<void> {
    this.#repairAgain = true;
    this.#repairing ??= Promise.resolve().then(() => this.#repair());
    return this.#repairing;
  }

  async #repair(): Promise<void> {
    try {
      while (this.#repairAgain) {
        this.#repairAgain = false;
        await this.#readOn();
      }
    } finally {
      // In the step in which the last look ended: who asks a step later would wait for a run that looks no more.
      this.#repairing = undefined;
    }
  }

  async #readOn(): Promise<void> {
    let page: LogPage;
    let asked: number;
    do {
      asked = this.#last;
      page = await this.options.read(asked);
      this.#take(page, asked);
    } while (this.#last < page.last && this.#last !== asked);
  }

  #take(page: LogPage, asked: number): void {
    // A log that ends before what was asked for has lost its end, even under the same epoch.
    const lost = page.epoch !== this.#epoch || page.last < asked;
    if (lost || page.first > this.#last + 1) this.#restart(page);
    let filled = 0;
    for (const entry of page.entries) {
      if (entry.epoch !== this.#epoch || entry.seq !== this.#last + 1) continue;
      this.#deliver(entry);
      filled++;
    }
    if (filled > 0) this.options.onRepair(filled);
  }

  #restart(page: LogPage): void {
    this.#epoch = page.epoch;
    this.#last = page.first - 1;
    this.#recent = [];
    this.#recentBytes = 0;
    for (const reader of [...this.#readers]) reader.gap();
  }

  #deliver(entry: LogEntry): void {
    this.#last = entry.seq;
    this.#keep(entry);
    this.#hearers ??= [...this.#readers];
    for (const reader of this.#hearers) {
      try {
        reader.entry(entry);
      } catch (error) {
        // The others get it all the same.
        this.options.onFault(error);
      }
    }
  }

  /** Keeps what one page may hold at most: `recentAfter` is handed out as one. */
  #keep(entry: LogEntry): void {
    this.#recent.push(entry);
    this.#recentBytes += entry.bytes;
    if (this.#recent.length <= 2 * this.options.recentEntries && this.#recentBytes <= BOUNDS.pageBytes) return;
    let first = Math.max(this.#recent.length - this.options.recentEntries, 0);
    for (let i = 0; i < first; i++) this.#recentBytes -= this.#recent[i]!.bytes;
    // By half, so that not every entry moves all others.
    while (this.#recentBytes > BOUNDS.pageBytes / 2 && first < this.#recent.length - 1) this.#recentBytes -= this.#recent[first++]!.bytes;
    this.#recent = this.#recent.slice(first);
  }
}

/** The range of a feed's repair reads. */
export const repairRange = (after: number) => ({ after, limit: BOUNDS.pageMessages, from: 'oldest' as const });
