import { setImmediate as turn } from 'node:timers/promises';
import { HubError } from '../../shared/errors.js';
import type { RoomName } from '../../shared/rooms.js';
import type { RoomLog } from '../log/room-log.js';
import { samplesBackwards } from './log-samples.js';
import { bucketOf, type Cells, mergeCells } from './rollups/rollup-cell.js';
import { decodeChunk } from './rollups/rollup-chunk.js';
import { chunkMs, type RollupLevel } from './rollups/rollup-levels.js';
import type { ChunkRef, RollupStore } from './rollups/rollup-store.js';
import { AHEAD_MS, readTail, type Tail } from './rollups/rollup-tail.js';
import { eachSample } from './sample-columns.js';

/** Where the roll-ups of the rooms are, and who brings them up to date. */
export interface Rollups {
  readonly store: RollupStore;
  readonly levels: readonly RollupLevel[];
  catchUp(room: RoomName): Promise<void>;
}

export interface RangeSource {
  readonly log: Pick<RoomLog, 'read'>;
  readonly room: RoomName;
  /** From here, up to but without `until`; milliseconds since 1970. */
  readonly from: number;
  readonly until: number;
  readonly matches: (series: string) => boolean;
  /** Series at most, the first by name. */
  readonly seriesMax: number;
}

/** Values of the log that one answer reads. */
const MAX_TAIL_VALUES = 50_000;
const MAX_VALUES = 20_000_000;
/** Chunks that are read at once. */
const CHUNKS_AT_ONCE = 1_000;
const TRIES = 5;

/**
 * The cells of each series that matches, from the roll-ups and what the log has after them: exact up to now.
 * @param collect begins anew with each try: what was taken before it is void
 * @returns how many series were left out, past `seriesMax`
 * @throws HubError `busy` when the roll-ups changed under each try, else as log and store
 */
export async function readCells(
  source: RangeSource & { rollups: Rollups; level: RollupLevel },
  collect: () => (name: string, cells: Cells) => void,
): Promise<number> {
  const { room, rollups } = source;
  for (let tries = 0; tries < TRIES; tries++) {
    const mark = await rollups.store.mark(room);
    const tail = await tailOf(source, mark);
    if (tail.more) {
      await rollups.catchUp(room);
      continue;
    }
    const names = [...new Set([...(await rollups.store.series(room, source.from)).filter(source.matches), ...tail.series.keys()])].sort();
    const chosen = names.slice(0, source.seriesMax);
    if (await readSlices(source, mark, chosen, tail, collect())) return names.length - chosen.length;
  }
  throw new HubError('busy', 'the room’s history changes too fast to be read', 1_000);
}

function tailOf({ log, room, from, until, matches, level }: RangeSource & { level: RollupLevel }, mark: string | undefined): Promise<Tail> {
  const wanted = memory(matches);
  const wants = (series: string, t: number) => t >= from && t < until && wanted(series);
  return readTail({ log, room, mark, stepMs: level.stepMs, wants, maxValues: MAX_TAIL_VALUES });
}

/** As `readStored`, with what the log has after the mark. */
async function readSlices(
  source: StoredRange,
  mark: string | undefined,
  names: readonly string[],
  tail: Tail,
  take: (name: string, cells: Cells) => void,
): Promise<boolean> {
  return readStored(source, mark, names, (name, cells) => {
    mergeCells(cells, tail.series.get(name) ?? new Map(), source.level.stepMs);
    if (cells.size > 0) take(name, cells);
  });
}

/** Where and when roll-ups are read, and in which resolution. */
export type StoredRange = Pick<RangeSource, 'room' | 'from' | 'until'> & { readonly rollups: Rollups; readonly level: RollupLevel };

/**
 * The cells of each of these series, none where it has none, from the roll-ups alone.
 * @returns false when the roll-ups are no longer those of the mark: what was taken is void
 * @throws HubError as the store
 */
export async function readStored(
  { rollups, room, from, until, level: { stepMs } }: StoredRange,
  mark: string | undefined,
  names: readonly string[],
  take: (name: string, cells: Cells) => void,
): Promise<boolean> {
  const starts = chunkStarts(from, until, chunkMs(stepMs));
  const atOnce = Math.max(1, Math.floor(CHUNKS_AT_ONCE / starts.length));
  for (let at = 0; at < names.length; at += atOnce) {
    const slice = names.slice(at, at + atOnce);
    const refs = slice.flatMap((series) => starts.map((start): ChunkRef => ({ stepMs, start, series })));
    const stored = await rollups.store.read(room, refs);
    if (stored.mark !== mark) return false;
    for (const [i, name] of slice.entries()) {
      const chunks = stored.chunks.slice(i * starts.length, (i + 1) * starts.length);
      take(name, cellsWithin({ from, until, stepMs }, starts, chunks));
    }
    await turn();
  }
  return true;
}

/** What one series' chunks hold of a range; `chunks[i]` begins at `starts[i]`, and is missing where nothing is stored. */
function cellsWithin(
  { from, until, stepMs }: { readonly from: number; readonly until: number; readonly stepMs: number },
  starts: readonly number[],
  chunks: readonly (Buffer | undefined)[],
): Cells {
  const cells: Cells = new Map();
  for (const [i, start] of starts.entries()) {
    const bytes = chunks[i];
    if (!bytes) continue;
    for (const [bucket, cell] of decodeChunk(bytes, start, stepMs)) if (bucket >= from && bucket < until) cells.set(bucket, cell);
  }
  return cells;
}

function chunkStarts(from: number, until: number, length: number): number[] {
  const starts: number[] = [];
  for (let start = bucketOf(from, length); start < until; start += length) starts.push(start);
  return starts;
}

/**
 * The samples of each series that matches, from the log, newest message first.
 * @returns how many series were left out, past `seriesMax`
 * @throws HubError `too_large` for more values than one answer may read, else as `RoomLog.read`
 */
export async function readSamples(
  { log, room, from, until, matches, seriesMax }: RangeSource,
  take: (name: string, value: number, t: number) => void,
): Promise<number> {
  const taken = new Set<string>();
  const wanted = memory(matches);
  const omitted = new Set<string>();
  for await (const page of samplesBackwards({ log, room, since: from - AHEAD_MS, maxValues: MAX_VALUES })) {
    for (const columns of page) {
      eachSample(columns, (name, value, t) => {
        if (t < from || t >= until || !wanted(name)) return;
        if (!taken.has(name) && taken.size >= seriesMax) omitted.add(name);
        if (omitted.has(name)) return;
        taken.add(name);
        take(name, value, t);
      });
    }
  }
  return omitted.size;
}

/** The same, asked once per series. */
function memory(matches: (series: string) => boolean): (series: string) => boolean {
  const known = new Map<string, boolean>();
  return (series) => {
    const answer = known.get(series) ?? matches(series);
    known.set(series, answer);
    return answer;
  };
}
