import { createHash } from 'node:crypto';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { RoomName } from '../../../shared/rooms.js';
import { checkStoreFile } from '../../log/store-file.js';

export interface RollupHead {
  /** The room's number, which stands for its name in the keys of the other tables. */
  readonly n: number;
  readonly mark: string;
  /** Milliseconds since 1970 of the last commit. */
  readonly time: number;
}

/** The room's number, the step and start of the chunk in milliseconds, and `seriesKey`. */
export type ChunkKey = [n: number, stepMs: number, start: number, series: string];
/** The room's number and `seriesKey`. */
export type NameKey = [n: number, series: string];

export interface RollupTables {
  readonly root: RootDatabase;
  readonly heads: Database<RollupHead, RoomName>;
  readonly chunks: Database<Buffer, ChunkKey>;
  /** The name, and up to when it is listed. */
  readonly names: Database<[string, number], NameKey>;
}

/** @throws Error with one clear line when the directory holds none that can be opened */
export function openRollupTables(path: string): RollupTables {
  try {
    checkStoreFile(path);
    // As the rooms' log: each commit waits for the disk, and none is made behind the caller's back.
    const root = open({ path, noSubdir: false, maxDbs: 4, overlappingSync: false, eventTurnBatching: false });
    return {
      root,
      heads: root.openDB({ name: 'heads' }),
      chunks: root.openDB({ name: 'chunks', encoding: 'binary' }),
      names: root.openDB({ name: 'names' }),
    };
  } catch (error) {
    throw new Error(`the roll-ups in ${path} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}

/** Stands for a series in keys: series have names longer than keys may be. */
export const seriesKey = (series: string): string =>
  series.length <= 256 ? series : createHash('sha256').update(series).digest('base64url');

/** One by one: a call does not take as many arguments as there may be rooms. */
export function highestNumber({ heads }: RollupTables): number {
  let highest = 0;
  for (const { value } of heads.getRange()) highest = Math.max(highest, value.n);
  return highest;
}
