import { setImmediate as turn } from 'node:timers/promises';
import type { RoomName } from '../../../shared/rooms.js';
import type { RoomLog } from '../../log/room-log.js';
import { bucketOf, type Cells, mergeCells } from './rollup-cell.js';
import { decodeChunk, encodeChunk } from './rollup-chunk.js';
import { chunkMs, longestTtlMs, ROLLUP_STEPS_MS, type RollupLevel } from './rollup-levels.js';
import type { Chunk, ChunkRef, RollupCommit, RollupStore } from './rollup-store.js';
import { readTail } from './rollup-tail.js';

export interface RollupPassOptions {
  readonly log: Pick<RoomLog, 'read'>;
  readonly store: RollupStore;
  readonly levels: readonly RollupLevel[];
  readonly room: RoomName;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Values of one commit, about. Default 100,000. */
  readonly maxValues?: number;
}

/** A chunk that samples go into, with what they are there. */
interface Changed extends ChunkRef {
  readonly cells: Cells;
}

/** Chunks after which other work has a turn. */
const SLICE = 1_000;

/**
 * Rolls up what a room's log has after the store's mark, once. True: there is more, or somebody else was faster: call again.
 * A sample that is older than a level is kept is left out of that level.
 * @throws HubError as the log and the store
 */
export async function rollUp({ log, store, levels, room, now, maxValues = 100_000 }: RollupPassOptions): Promise<boolean> {
  const from = await store.mark(room);
  const oldest = now - longestTtlMs(levels);
  const tail = await readTail({ log, room, mark: from, stepMs: ROLLUP_STEPS_MS[0], wants: (_series, t) => t >= oldest, maxValues });
  if (tail.to === undefined) return false;
  const changed = levels.flatMap((level) => [...changesOf(tail.series, level, now)]);
  const chunks: Chunk[] = [];
  const names = new Map<string, number>();
  const coarsest = levels.at(-1)?.stepMs;
  for (let at = 0; at < changed.length; at += SLICE) {
    const slice = changed.slice(at, at + SLICE);
    const stored = await store.read(room, slice);
    if (stored.mark !== from) return true;
    for (const [i, change] of slice.entries()) {
      const bytes = stored.chunks[i];
      chunks.push(merged(change, bytes));
      // A series is listed anew with each chunk of the coarsest level: seldom, and never too late.
      if (!bytes && change.stepMs === coarsest) names.set(change.series, Math.max(endOf(change), names.get(change.series) ?? 0));
    }
    await turn();
  }
  const commit: RollupCommit = { from, to: tail.to, chunks, names: [...names].map(([series, until]) => ({ series, until })) };
  return !(await store.commit(room, commit)) || tail.more;
}

const endOf = ({ start, stepMs }: ChunkRef): number => start + chunkMs(stepMs);

function merged({ series, stepMs, start, cells }: Changed, bytes: Buffer | undefined): Chunk {
  const all = bytes ? decodeChunk(bytes, start, stepMs) : new Map();
  mergeCells(all, cells, stepMs);
  return { series, stepMs, start, bytes: encodeChunk(all, start, stepMs) };
}

/** What the samples change of one level, chunk by chunk. */
function* changesOf(tail: ReadonlyMap<string, Cells>, { stepMs, ttlMs }: RollupLevel, now: number): Generator<Changed> {
  for (const [series, cells] of tail) {
    const byChunk = new Map<number, Cells>();
    for (const [bucket, cell] of cells) {
      if (bucketOf(bucket, stepMs) + stepMs < now - ttlMs) continue;
      const start = bucketOf(bucket, chunkMs(stepMs));
      const chunk = byChunk.get(start) ?? new Map();
      byChunk.set(start, chunk);
      chunk.set(bucket, cell);
    }
    for (const [start, chunk] of byChunk) yield { series, stepMs, start, cells: chunk };
  }
}
