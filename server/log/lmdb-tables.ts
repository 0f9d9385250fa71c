import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { RoomName } from '../../shared/rooms.js';
import type { LogEnds } from './room-log.js';
import { checkStoreFile } from './store-file.js';

/** Where one room stands. Short names: there is one for each room ever written. */
export interface Head {
  /** The room's number, which stands for its name in the keys of the other tables. */
  readonly n: number;
  readonly epoch: string;
  first: number;
  last: number;
  /** Milliseconds since 1970 of the first entry; missing or 0: not known. */
  oldest?: number;
  /** Milliseconds since 1970 of the newest entry. */
  time: number;
  /** The retention that the newest append came with. */
  messages: number;
  ttlMs: number;
  /** The moment under which the room stands in `recent`; 0: it does not. */
  listed: number;
}

/** The tables of one data directory. Numbers in keys sort as numbers, so a range of seqs is one walk along the tree. */
export interface LmdbTables {
  readonly root: RootDatabase;
  /** `layout`, `epoch`, `rooms` (the last room number given), and `[kind, hash]` -> how often rooms of that sort were forgotten. */
  readonly meta: Database<unknown, string | [string, number]>;
  readonly heads: Database<Head, RoomName>;
  /** `[n, last seq]` -> a chunk of entries. */
  readonly entries: Database<Buffer, [number, number]>;
  /** `[kind, moment, n]` -> name, for listing rooms by the time of their newest entry. */
  readonly recent: Database<RoomName, [string, number, number]>;
}

const FORGET_HASHES = 1024;
const MAX_TABLES = 12;
/** 1, which was not written: entries and ids by themselves, which are read as they are. 2: entries in chunks, ids in runs. */
const LAYOUT = 2;

/** @throws Error with one clear line when the directory holds no log that can be opened */
export function openLmdbTables(dir: string, { readOnly = false } = {}): LmdbTables {
  const path = join(dir, 'log');
  try {
    if (!readOnly) checkStoreFile(path);
    // Each commit waits for the disk. Batches by turn are off: the library would leave a failed commit's promise unhandled.
    const root = open({ path, readOnly, noSubdir: false, maxDbs: MAX_TABLES, overlappingSync: false, eventTurnBatching: false });
    const meta = root.openDB<unknown, string | [string, number]>({ name: 'meta' });
    refuseNewer(root, meta);
    return {
      root,
      meta,
      heads: root.openDB({ name: 'heads' }),
      entries: root.openDB({ name: 'entries', encoding: 'binary' }),
      recent: root.openDB({ name: 'recent', encoding: 'string' }),
    };
  } catch (error) {
    throw new Error(`the rooms in ${path} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}

function refuseNewer(root: RootDatabase, meta: LmdbTables['meta']): void {
  const layout = Number(meta.get('layout') ?? 1);
  if (layout <= LAYOUT) return;
  void root.close();
  throw new Error(`a newer version wrote them (layout ${layout}, this one knows ${LAYOUT}); start that version`);
}

/** The layout, and the epoch that rooms of this directory begin in, which is made with the first opening. */
export async function ensureMeta({ meta }: LmdbTables): Promise<void> {
  if (meta.get('epoch') === undefined) await meta.put('epoch', randomBytes(6).toString('hex'));
  if (meta.get('layout') !== LAYOUT) await meta.put('layout', LAYOUT);
}

export const kindOf = (room: RoomName): string => room.slice(0, room.indexOf(':'));

/**
 * A forgotten room must not come back in the epoch that it had. What is remembered of it is a count, shared by the rooms of its
 * kind with one hash: those of them that were never written begin in another epoch too.
 */
export function forgottenKey(room: RoomName): [string, number] {
  return [kindOf(room), createHash('sha1').update(room).digest().readUInt16BE() % FORGET_HASHES];
}

function freshEpoch({ meta }: LmdbTables, room: RoomName): string {
  const forgotten = meta.get(forgottenKey(room)) as number | undefined;
  return `${meta.get('epoch')}${forgotten ? forgotten.toString(36) : ''}`;
}

export function endsOf(tables: LmdbTables, room: RoomName, head: Head | undefined = tables.heads.get(room)): LogEnds {
  if (!head) return { epoch: freshEpoch(tables, room), first: 1, last: 0 };
  return { epoch: head.epoch, first: head.first, last: head.last };
}

/** Behind all keys `[n, number]`. */
export const endOf = (n: number): [number, number] => [n, Number.POSITIVE_INFINITY];
