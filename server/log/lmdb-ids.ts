import { IdFilter } from './id-filter.js';
import { idKey, type LmdbTables } from './lmdb-tables.js';

/** Where a message stands that was appended under an id. */
export type IdPlace = [seq: number, time: number];

/**
 * The ids of recent messages, by time window: one is known for its window and the next. Most ids are new, and a filter per window says so
 * without a look at the disk. A window that has ids when it is first met (the log was opened anew) has no filter.
 */
export class LmdbIds {
  readonly #filters = new Map<number, IdFilter | undefined>();
  /** Windows before this one have no ids on disk. */
  #clearedBefore = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly table: LmdbTables['ids'],
    private readonly windowMs: number,
  ) {}

  /** Where the room's message with that id stands, by what is committed. */
  find(room: number, id: string, time: number): IdPlace | undefined {
    const window = this.#windowOf(time);
    return this.#findIn(window, room, id) ?? this.#findIn(window - 1, room, id);
  }

  /** Gives what writes it, inside of a transaction. */
  add(room: number, id: string, place: IdPlace): () => void {
    const window = this.#windowOf(place[1]);
    this.#filterOf(window)?.add(room, id);
    return () => this.table.put([window, room, idKey(id)], place);
  }

  /** At most `budget` keys whose windows are over. */
  expired(now: number, budget: number): [number, number, string][] {
    const window = this.#windowOf(now);
    for (const past of this.#filters.keys()) if (past < window - 1) this.#filters.delete(past);
    if (this.#clearedBefore >= window - 1) return [];
    const keys = [...this.table.getKeys({ start: [0] as never, end: [window - 1] as never, limit: budget })];
    if (keys.length === 0) this.#clearedBefore = window - 1;
    return keys;
  }

  #findIn(window: number, room: number, id: string): IdPlace | undefined {
    const filter = this.#filterOf(window);
    return filter && !filter.mayHave(room, id) ? undefined : this.table.get([window, room, idKey(id)]);
  }

  #filterOf(window: number): IdFilter | undefined {
    if (!this.#filters.has(window)) {
      const [known] = this.table.getKeys({ start: [window] as never, end: [window + 1] as never, limit: 1 });
      this.#filters.set(window, known ? undefined : new IdFilter());
    }
    return this.#filters.get(window);
  }

  #windowOf(time: number): number {
    return Math.floor(time / this.windowMs);
  }
}
