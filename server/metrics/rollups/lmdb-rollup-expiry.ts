import type { RoomName } from '../../../shared/rooms.js';
import type { ChunkKey, NameKey, RollupTables } from './lmdb-rollup-tables.js';
import { chunkMs, longestTtlMs, ROLLUP_STEPS_MS, type RollupLevel } from './rollup-levels.js';

/** What is to be dropped. */
export interface Expired {
  readonly chunks: readonly ChunkKey[];
  readonly names: readonly NameKey[];
  readonly rooms: readonly RoomName[];
}

interface ExpiryOptions {
  readonly tables: RollupTables;
  readonly levels: readonly RollupLevel[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const ROOMS_PER_PASS = 500;
const KEYS_PER_PASS = 10_000;

const after = <Key>(cursor: Key | undefined) => (cursor === undefined ? {} : { start: cursor, exclusiveStart: true });

/** Finds what grew too old. It only reads, in the read transaction of the caller's. */
export class RollupExpiry {
  readonly #options: ExpiryOptions;
  readonly #longestMs: number;
  #roomCursor: RoomName | undefined;
  #nameCursor: NameKey | undefined;

  constructor(options: ExpiryOptions) {
    this.#options = options;
    this.#longestMs = longestTtlMs(options.levels);
  }

  /** Chunks of the room with this number that are too old, `budget` at most. */
  chunksOf(n: number, budget: number): ChunkKey[] {
    const { tables, levels, now } = this.#options;
    const keys: ChunkKey[] = [];
    // A level that is turned off by now has nothing to keep.
    for (const stepMs of ROLLUP_STEPS_MS) {
      const ttlMs = levels.find((level) => level.stepMs === stepMs)?.ttlMs ?? 0;
      const end = now() - ttlMs - chunkMs(stepMs);
      keys.push(...tables.chunks.getKeys({ start: [n, stepMs] as never, end: [n, stepMs, end] as never, limit: budget - keys.length }));
    }
    return keys;
  }

  /** Goes around all rooms and names, some at a time: what is too old, and rooms that nobody has written to for as long as anything is kept. */
  nextPass(): Expired {
    const { heads, names } = this.#options.tables;
    const rooms = [...heads.getRange({ ...after(this.#roomCursor), limit: ROOMS_PER_PASS })];
    const listed = [...names.getRange({ ...after(this.#nameCursor), limit: KEYS_PER_PASS })];
    this.#roomCursor = rooms.length < ROOMS_PER_PASS ? undefined : rooms.at(-1)?.key;
    this.#nameCursor = listed.length < KEYS_PER_PASS ? undefined : listed.at(-1)?.key;
    const kept = this.#options.now() - this.#longestMs;
    return {
      chunks: rooms.flatMap(({ value }) => this.chunksOf(value.n, Math.ceil(KEYS_PER_PASS / rooms.length))),
      names: listed.filter(({ value: [, until] }) => until < kept).map(({ key }) => key),
      rooms: rooms.filter(({ value }) => value.time < kept && !this.#hasChunks(value.n)).map(({ key }) => key),
    };
  }

  #hasChunks(n: number): boolean {
    return [...this.#options.tables.chunks.getKeys({ start: [n] as never, end: [n + 1] as never, limit: 1 })].length > 0;
  }
}
