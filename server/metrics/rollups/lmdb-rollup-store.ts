import { createHash } from 'node:crypto';
import { type Database, open, type RootDatabase } from 'lmdb';
import { HubError } from '../../../shared/errors.js';
import type { RoomName } from '../../../shared/rooms.js';
import { commitFault } from '../../log/commit-fault.js';
import { type DiskSpace, spaceOn } from '../../log/disk-space.js';
import { spareBytes } from '../../log/spare-bytes.js';
import { checkStoreFile } from '../../log/store-file.js';
import { chunkMs, longestTtlMs, ROLLUP_STEPS_MS, type RollupLevel } from './rollup-levels.js';
import type { RollupCommit, RollupStore } from './rollup-store.js';

export interface LmdbRollupOptions {
  /** Must be this process's own. Created when it is missing. */
  readonly dir: string;
  /** Left out, a full disk is found by writing to it. */
  readonly disk?: DiskSpace | undefined;
  readonly levels: readonly RollupLevel[];
  /** How often rooms that nobody writes to are looked at for what grew too old. */
  readonly maintenanceMs?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Hears of maintenance that fails. */
  readonly onFault?: (error: unknown) => void;
}

interface Head {
  /** The room's number, which stands for its name in the keys of the other tables. */
  readonly n: number;
  readonly mark: string;
  /** Milliseconds since 1970 of the last commit. */
  readonly time: number;
}

interface Tables {
  readonly root: RootDatabase;
  readonly heads: Database<Head, RoomName>;
  /** `[n, step, start, series]`. */
  readonly chunks: Database<Buffer, [number, number, number, string]>;
  /** `[n, series]` -> the name and up to when it is listed. */
  readonly names: Database<[string, number], [number, string]>;
}

const ROOMS_PER_MAINTENANCE = 500;
const KEYS_PER_MAINTENANCE = 10_000;
const ENTRY_BYTES = 64;

const after = <Key>(cursor: Key | undefined) => (cursor === undefined ? {} : { start: cursor, exclusiveStart: true });

/** Series have names longer than keys may be. */
const keyOf = (series: string): string => (series.length <= 256 ? series : createHash('sha256').update(series).digest('base64url'));

/** Bytes about, with what each of them takes besides. */
function sizeOf(chunks: RollupCommit['chunks'], names: RollupCommit['names']): number {
  const keys = [...chunks, ...names].reduce((sum, { series }) => sum + ENTRY_BYTES + series.length, 0);
  return chunks.reduce((sum, { bytes }) => sum + bytes.length, keys);
}

function openTables(path: string): Tables {
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

/**
 * The embedded engine: an LMDB environment of its own.
 * @throws Error with one clear line when the directory holds none that can be opened
 */
export function openLmdbRollupStore(options: LmdbRollupOptions): RollupStore {
  const { dir, levels, maintenanceMs = 60_000, now = Date.now, onFault = () => {} } = options;
  const tables = openTables(dir);
  const { root, heads, chunks, names } = tables;
  const space = spaceOn(options.disk, () => spareBytes(root, [heads, chunks, names]));
  const longest = longestTtlMs(levels);
  let writing: Promise<unknown> = Promise.resolve();
  let closed = false;
  let lastNumber: number | undefined;
  let roomCursor: RoomName | undefined;
  let nameCursor: [number, string] | undefined;
  const timer = setInterval(() => void inOrder(maintain).catch(onFault), maintenanceMs).unref();

  /** One after the other: what a commit decides on is then what is stored. */
  function inOrder<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = writing.then(work);
    writing = done.catch(() => {});
    return done;
  }

  function fresh(): void {
    if (closed) throw new HubError('unavailable', 'The roll-ups are closed.');
    root.resetReadTxn();
  }

  async function write(work: () => void): Promise<void> {
    try {
      await root.batch(work);
    } catch (error) {
      throw await commitFault(error, dir);
    }
  }

  async function commit(room: RoomName, { from, to, chunks: changed, names: listed }: RollupCommit): Promise<boolean> {
    fresh();
    const head = heads.get(room);
    if (head?.mark !== from) return false;
    const n = head?.n ?? nextNumber();
    const old = expiredKeys(n, 2 * changed.length + 16);
    const later = listed.filter(({ series, until }) => until > (names.get([n, keyOf(series)])?.[1] ?? 0));
    const storeAll = () => {
      heads.put(room, { n, mark: to, time: now() });
      for (const { stepMs, start, series, bytes } of changed) chunks.put([n, stepMs, start, keyOf(series)], bytes);
      for (const { series, until } of later) names.put([n, keyOf(series)], [series, until]);
      for (const key of old) chunks.remove(key);
    };
    await space.during(sizeOf(changed, later), () => write(storeAll));
    return true;
  }

  /** Never given twice, also after its room was forgotten: in the time that this store is open. */
  function nextNumber(): number {
    lastNumber ??= highestNumber();
    return ++lastNumber;
  }

  /** One by one: a call does not take as many arguments as there may be rooms. */
  function highestNumber(): number {
    let highest = 0;
    for (const { value } of heads.getRange()) highest = Math.max(highest, value.n);
    return highest;
  }

  const hasChunks = (n: number) => [...chunks.getKeys({ start: [n] as never, end: [n + 1] as never, limit: 1 })].length > 0;

  function expiredKeys(n: number, budget: number): [number, number, number, string][] {
    const keys: [number, number, number, string][] = [];
    // A level that is turned off by now has nothing to keep.
    for (const stepMs of ROLLUP_STEPS_MS) {
      const ttlMs = levels.find((level) => level.stepMs === stepMs)?.ttlMs ?? 0;
      const end = now() - ttlMs - chunkMs(stepMs);
      keys.push(...chunks.getKeys({ start: [n, stepMs] as never, end: [n, stepMs, end] as never, limit: budget - keys.length }));
    }
    return keys;
  }

  /** Goes around all rooms and names, some at a time: drops what is too old, and rooms that nobody has written to for as long as anything is kept. */
  async function maintain(): Promise<void> {
    if (closed || !space.allows('delete')) return;
    fresh();
    const rooms = [...heads.getRange({ ...after(roomCursor), limit: ROOMS_PER_MAINTENANCE })];
    const listed = [...names.getRange({ ...after(nameCursor), limit: KEYS_PER_MAINTENANCE })];
    roomCursor = rooms.length < ROOMS_PER_MAINTENANCE ? undefined : rooms.at(-1)?.key;
    nameCursor = listed.length < KEYS_PER_MAINTENANCE ? undefined : listed.at(-1)?.key;
    const gone = rooms.filter(({ value }) => value.time + longest < now() && !hasChunks(value.n));
    const old = rooms.flatMap(({ value }) => expiredKeys(value.n, Math.ceil(KEYS_PER_MAINTENANCE / rooms.length)));
    const unseen = listed.filter(({ value: [, until] }) => until + longest < now());
    if (old.length + unseen.length + gone.length === 0) return;
    await write(() => {
      for (const key of old) chunks.remove(key);
      for (const { key } of unseen) names.remove(key);
      for (const { key } of gone) heads.remove(key);
    });
  }

  return {
    mark: async (room) => {
      fresh();
      return heads.get(room)?.mark;
    },
    async read(room, refs) {
      fresh();
      const head = heads.get(room);
      const found = refs.map(({ stepMs, start, series }) => head && chunks.get([head.n, stepMs, start, keyOf(series)]));
      return { mark: head?.mark, chunks: found };
    },
    commit: (room, change) => inOrder(() => commit(room, change)),
    async series(room, since) {
      fresh();
      const head = heads.get(room);
      if (!head) return [];
      const listed = names.getRange({ start: [head.n] as never, end: [head.n + 1] as never });
      return [...listed].flatMap(({ value: [name, until] }) => (until > since ? [name] : []));
    },
    async close() {
      if (closed) return;
      clearInterval(timer);
      await writing;
      closed = true;
      await root.close();
    },
  };
}
