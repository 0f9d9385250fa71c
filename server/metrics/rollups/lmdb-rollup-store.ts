import { HubError } from '../../../shared/errors.js';
import type { RoomName } from '../../../shared/rooms.js';
import { commitFault } from '../../log/commit-fault.js';
import { type DiskSpace, spaceOn } from '../../log/disk-space.js';
import { spareBytes } from '../../log/spare-bytes.js';
import { RollupExpiry } from './lmdb-rollup-expiry.js';
import { highestNumber, openRollupTables, seriesKey } from './lmdb-rollup-tables.js';
import type { RollupLevel } from './rollup-levels.js';
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

const ENTRY_BYTES = 64;

/** Bytes about, with what each of them takes besides. */
function sizeOf(chunks: RollupCommit['chunks'], names: RollupCommit['names']): number {
  const keys = [...chunks, ...names].reduce((sum, { series }) => sum + ENTRY_BYTES + series.length, 0);
  return chunks.reduce((sum, { bytes }) => sum + bytes.length, keys);
}

/**
 * The embedded engine: an LMDB environment of its own.
 * @throws Error with one clear line when the directory holds none that can be opened
 */
export function openLmdbRollupStore(options: LmdbRollupOptions): RollupStore {
  const { dir, levels, maintenanceMs = 60_000, now = Date.now, onFault = () => {} } = options;
  const tables = openRollupTables(dir);
  const { root, heads, chunks, names } = tables;
  const space = spaceOn(options.disk, () => spareBytes(root, [heads, chunks, names]));
  const expiry = new RollupExpiry({ tables, levels, now });
  let writing: Promise<unknown> = Promise.resolve();
  let closed = false;
  let lastNumber: number | undefined;
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
    const old = expiry.chunksOf(n, 2 * changed.length + 16);
    const later = listed.filter(({ series, until }) => until > (names.get([n, seriesKey(series)])?.[1] ?? 0));
    const storeAll = () => {
      heads.put(room, { n, mark: to, time: now() });
      for (const { stepMs, start, series, bytes } of changed) chunks.put([n, stepMs, start, seriesKey(series)], bytes);
      for (const { series, until } of later) names.put([n, seriesKey(series)], [series, until]);
      for (const key of old) chunks.remove(key);
    };
    await space.during(sizeOf(changed, later), () => write(storeAll));
    return true;
  }

  /** Never given twice, also after its room was forgotten: in the time that this store is open. */
  function nextNumber(): number {
    lastNumber ??= highestNumber(tables);
    return ++lastNumber;
  }

  async function maintain(): Promise<void> {
    if (closed || !space.allows('delete')) return;
    fresh();
    const expired = expiry.nextPass();
    if (expired.chunks.length + expired.names.length + expired.rooms.length === 0) return;
    await write(() => {
      for (const key of expired.chunks) chunks.remove(key);
      for (const key of expired.names) names.remove(key);
      for (const room of expired.rooms) heads.remove(room);
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
      const found = refs.map(({ stepMs, start, series }) => head && chunks.get([head.n, stepMs, start, seriesKey(series)]));
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
