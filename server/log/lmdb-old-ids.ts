import type { Database, RootDatabase } from 'lmdb';
import type { IdPlace } from './timed-ids.js';

type Key = [window: number, room: number, id: string];

/** Ids that an earlier version wrote, each by itself: they are read until their windows are over, and nothing is added. */
export class OldIds {
  readonly #table: Database<[seq: number, time: number], Key>;
  #isEmpty = false;

  constructor(
    root: RootDatabase,
    private readonly windowMs: number,
  ) {
    this.#table = root.openDB({ name: 'ids' });
    this.#lookForMore();
  }

  /** Where the room's message with that id stands. */
  find(room: number, id: string, time: number): IdPlace | undefined {
    if (this.#isEmpty) return undefined;
    const window = this.#windowOf(time);
    const place = this.#table.get([window, room, id]) ?? this.#table.get([window - 1, room, id]);
    return place && { seq: place[0], time: place[1] };
  }

  /** What removes at most `budget` ids whose windows are over, inside of a transaction. */
  removals(now: number, budget: number): (() => void)[] {
    if (this.#isEmpty) return [];
    const end = [this.#windowOf(now) - 1] as never;
    const keys = [...this.#table.getKeys({ start: [0] as never, end, limit: budget })];
    if (keys.length === 0) this.#lookForMore();
    return keys.map((key) => () => this.#table.remove(key));
  }

  #lookForMore(): void {
    this.#isEmpty = [...this.#table.getKeys({ limit: 1 })].length === 0;
  }

  #windowOf(time: number): number {
    return Math.floor(time / this.windowMs);
  }
}
