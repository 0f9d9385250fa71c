import type { Database, RootDatabase } from 'lmdb';
import { IdFilter, idHash } from './id-filter.js';
import type { RecentIds } from './lmdb-recent-ids.js';
import type { IdPlace } from './timed-ids.js';

/** One sorting away of recent ids. */
export interface Run {
  /** Rises from run to run. */
  readonly number: number;
  /** A power of two: an id is in the block that its hash says. */
  readonly blocks: number;
  readonly ids: number;
  /** Milliseconds since 1970 of its newest id. */
  readonly newest: number;
}

/** One that is being written. */
export interface IdRun {
  readonly run: Run;
  /** Of its ids. */
  readonly hashes: Uint32Array;
  /** Inside of a transaction. */
  readonly writes: readonly (() => void)[];
}

/** Runs that share a filter. */
interface Generation {
  readonly filter: IdFilter;
  readonly runs: Run[];
  ids: number;
}

/** Room, id, seq and time of each id, in a row. */
type Block = (number | string)[];
const FIELDS = 4;
/** With so many, a filter takes one new id in a thousand for a known one. */
const IDS_PER_FILTER = 500_000;
const IDS_PER_BLOCK = 64;

/**
 * Ids on disk, in runs of some thousands that are never changed: writing one costs a few pages, whatever the ids are. What is in memory of them is
 * a filter for each half million, which says of most new ids that no run has them.
 */
export class IdRuns {
  readonly #runs: Database<Omit<Run, 'number'>, number>;
  readonly #blocks: Database<Block, [number, number]>;
  /** The oldest first. */
  readonly #generations: Generation[] = [];
  #last = 0;

  /** Reads all ids there are, for the filters. */
  constructor(root: RootDatabase) {
    this.#runs = root.openDB({ name: 'idRuns' });
    this.#blocks = root.openDB({ name: 'idBlocks' });
    for (const { key, value } of this.#runs.getRange()) {
      const run = { number: key, ...value };
      const { filter } = this.#register(run);
      for (const { value: block } of this.#blocks.getRange({ start: [key, 0], end: [key, run.blocks] })) {
        for (let i = 0; i < block.length; i += FIELDS) filter.add(idHash(block[i] as number, block[i + 1] as string));
      }
    }
  }

  /** The newest place of an id. */
  find(room: number, id: string): IdPlace | undefined {
    const hash = idHash(room, id);
    for (let i = this.#generations.length - 1; i >= 0; i--) {
      const { filter, runs } = this.#generations[i]!;
      const place = filter.mayHave(hash) ? this.#findIn(runs, room, id, hash) : undefined;
      if (place) return place;
    }
    return undefined;
  }

  /** A run of the ids that are not older than `oldest`; `add` it when it is committed. */
  prepare(ids: RecentIds, oldest: number): IdRun {
    const count = 2 ** Math.max(0, Math.ceil(Math.log2(ids.size / IDS_PER_BLOCK)));
    const blocks = Array.from({ length: count }, (): Block => []);
    const hashes = new Uint32Array(ids.size);
    let hashed = 0;
    let newest = 0;
    ids.forEach((room, id, seq, time) => {
      if (time < oldest) return;
      const hash = idHash(room, id);
      hashes[hashed++] = hash;
      newest = Math.max(newest, time);
      blocks[blockOf(hash, count)]!.push(room, id, seq, time);
    });
    const number = this.#last + 1;
    const run = { blocks: count, ids: ids.size, newest };
    const writes = blocks.map((block, i) => () => this.#blocks.put([number, i], block));
    return {
      run: { number, ...run },
      hashes: hashes.subarray(0, hashed),
      writes: [...writes, () => this.#runs.put(number, run)],
    };
  }

  add({ run, hashes }: IdRun): void {
    const { filter } = this.#register(run);
    for (const hash of hashes) filter.add(hash);
  }

  /** At most `budget` runs whose ids are all older. */
  expired(oldest: number, budget: number): Run[] {
    return this.#generations.flatMap(({ runs }) => runs.filter(({ newest }) => newest < oldest)).slice(0, budget);
  }

  /** What takes a run off the disk, inside of a transaction; `drop` it when that is committed. */
  remove({ number, blocks }: Run): () => void {
    return () => {
      this.#runs.remove(number);
      for (let i = 0; i < blocks; i++) this.#blocks.remove([number, i]);
    };
  }

  drop(dropped: readonly Run[]): void {
    for (const { runs } of this.#generations) {
      for (const run of dropped) if (runs.includes(run)) runs.splice(runs.indexOf(run), 1);
    }
    while (this.#generations[0]?.runs.length === 0) this.#generations.shift();
  }

  #register(run: Run): Generation {
    this.#last = Math.max(this.#last, run.number);
    let generation = this.#generations.at(-1);
    if (!generation || generation.ids >= IDS_PER_FILTER) {
      generation = { filter: new IdFilter(), runs: [], ids: 0 };
      this.#generations.push(generation);
    }
    generation.runs.push(run);
    generation.ids += run.ids;
    return generation;
  }

  #findIn(runs: readonly Run[], room: number, id: string, hash: number): IdPlace | undefined {
    for (let r = runs.length - 1; r >= 0; r--) {
      const { number, blocks } = runs[r]!;
      const block = this.#blocks.get([number, blockOf(hash, blocks)]) ?? [];
      for (let i = 0; i < block.length; i += FIELDS) {
        if (block[i + 1] === id && block[i] === room) return { seq: block[i + 2] as number, time: block[i + 3] as number };
      }
    }
    return undefined;
  }
}

/** By higher bits than those that the filter takes first. */
const blockOf = (hash: number, blocks: number): number => (hash >>> 8) & (blocks - 1);
