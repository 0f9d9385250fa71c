import { createHash } from 'node:crypto';
import type { Database, RootDatabase } from 'lmdb';
import { type IdRun, IdRuns, type Run } from './lmdb-id-runs.js';
import { OldIds } from './lmdb-old-ids.js';
import { type IdGroup, RecentIds } from './lmdb-recent-ids.js';
import type { IdPlace } from './timed-ids.js';

const LONGEST_ID = 256;
/** Per transaction: runs that are over, and ids by themselves. */
const RUNS_PER_TRANSACTION = 2;
const OLD_IDS_PER_TRANSACTION = 4_000;

export interface LmdbIdsOptions {
  /** An id is known for so long. */
  readonly windowMs: number;
  /** Ids in memory, before they are sorted away with the next commit. */
  readonly recentIds?: number | undefined;
  /** The same, counted in the commits that brought them. */
  readonly recentCommits?: number | undefined;
}

/**
 * Where the messages stand that were appended under an id, each for a window of time. The newest are in memory, and on disk as one record for
 * each commit; now and then they are sorted away into a run, which is searched on disk.
 */
export class LmdbIds {
  /** Commit by commit, what is in `#recent`. */
  readonly #journal: Database<IdGroup[], number>;
  readonly #runs: IdRuns;
  readonly #old: OldIds;
  #recent = new RecentIds();
  #first = 1;
  #next = 1;
  /** What the transaction under way adds, and does. */
  readonly #added = new Map<number, IdGroup>();
  #run: IdRun | undefined;
  #dropped: Run[] = [];

  constructor(
    root: RootDatabase,
    private readonly options: LmdbIdsOptions,
  ) {
    this.#journal = root.openDB({ name: 'idJournal' });
    this.#runs = new IdRuns(root);
    this.#old = new OldIds(root, options.windowMs);
    for (const { key, value } of this.#journal.getRange()) {
      if (this.#recent.size === 0) this.#first = key;
      this.#next = key + 1;
      for (const [room, first, time, ids] of value) ids.forEach((id, i) => void this.#recent.add(room, id, { seq: first + i, time }));
    }
  }

  /** Where the room's message with that id stands, by what is committed and what the transaction under way adds. */
  find(room: number, id: string, time: number): IdPlace | undefined {
    const key = keyOf(id);
    const place = this.#recent.find(room, key) ?? this.#runs.find(room, key);
    if (place) return time - place.time < this.options.windowMs ? place : undefined;
    return this.#old.find(room, key, time);
  }

  /** All that one transaction adds for one room has one time. */
  add(room: number, id: string, place: IdPlace): void {
    const key = keyOf(id);
    this.#recent.add(room, key, place);
    const group = this.#added.get(room);
    if (group) group[3].push(key);
    else this.#added.set(room, [room, place.seq, place.time, [key]]);
  }

  /** What writes all that was added, inside of a transaction. `committed` or `rolledBack` must follow. */
  prepare(now: number): (() => void)[] {
    const oldest = now - this.options.windowMs;
    this.#dropped = this.#runs.expired(oldest, RUNS_PER_TRANSACTION);
    const writes = [...this.#dropped.map((run) => this.#runs.remove(run)), ...this.#old.removals(now, OLD_IDS_PER_TRANSACTION)];
    if (this.#added.size === 0) return writes;
    if (this.#isFull()) return [...writes, ...this.#sortAway(oldest)];
    const groups = [...this.#added.values()];
    return [...writes, () => this.#journal.put(this.#next, groups)];
  }

  committed(): void {
    this.#runs.drop(this.#dropped);
    if (this.#run) {
      this.#runs.add(this.#run);
      this.#recent = new RecentIds();
      this.#first = this.#next;
    } else if (this.#added.size > 0) {
      this.#next++;
    }
    this.#end();
  }

  rolledBack(): void {
    for (const group of this.#added.values()) this.#recent.remove(group);
    this.#end();
  }

  #isFull(): boolean {
    const { recentIds = 16_384, recentCommits = 4_096 } = this.options;
    return this.#recent.size >= recentIds || this.#next - this.#first >= recentCommits;
  }

  #end(): void {
    this.#added.clear();
    this.#run = undefined;
    this.#dropped = [];
  }

  #sortAway(oldest: number): (() => void)[] {
    this.#run = this.#runs.prepare(this.#recent, oldest);
    const writes = [...this.#run.writes];
    for (let n = this.#first; n < this.#next; n++) writes.push(() => this.#journal.remove(n));
    return writes;
  }
}

/** Ids are of any length in principle. */
function keyOf(id: string): string {
  return id.length <= LONGEST_ID ? id : createHash('sha256').update(id).digest('base64url');
}
