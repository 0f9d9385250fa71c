import { setTimeout as delay } from 'node:timers/promises';
import { HubError } from '../../shared/errors.js';
import type { RoomName } from '../../shared/rooms.js';
import { commitFault } from './commit-fault.js';
import { type DiskSpace, spaceOn } from './disk-space.js';
import { encodeBody, placeEntry } from './entry-codec.js';
import { Followers, type OnLogFault } from './followers.js';
import { LmdbIds } from './lmdb-ids.js';
import { listRooms, readPage } from './lmdb-reads.js';
import { endsOf, ensureMeta, type LmdbTables, openLmdbTables } from './lmdb-tables.js';
import { type Append, LmdbTransaction } from './lmdb-transaction.js';
import type { Appended, AppendWaiter, NewMessage, Retention, RoomLog } from './room-log.js';
import { spareBytes, tablesOf } from './spare-bytes.js';

export interface LmdbLogOptions {
  /** Must be this process's own: see `claimDataDir`. */
  readonly dir: string;
  /** Left out, a full disk is found by writing to it. */
  readonly disk?: DiskSpace | undefined;
  /** How long a repeated id is recognised at least. */
  readonly idWindowMs?: number;
  /** Ids in memory, before they are sorted away with the next commit. */
  readonly recentIds?: number;
  /** An append that is not on disk after this long is refused. */
  readonly commitTimeoutMs?: number;
  /** A commit waits so long at most while each turn brings more appends. One that comes alone does not wait. */
  readonly gatherMs?: number;
  /** Between the end of a commit and the next one, at least; one that comes later does not wait. */
  readonly pauseMs?: number;
  /** How often rooms that nobody writes to are looked at for entries that grew too old. */
  readonly maintenanceMs?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly onFault?: OnLogFault;
}

interface Waiting extends Append {
  waiter: AppendWaiter;
}

/** In the place of a waiter that was told that the disk hangs. */
const NOBODY: AppendWaiter = { appended: () => {}, refused: () => {} };

const APPENDS_PER_COMMIT = 4_000;
const MAX_WAITING = 20_000;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** The time of a commit is counted in looks: a process that was too busy to look knows nothing of the disk, and counts one. */
const STALL_LOOKS = 3;
const ROOMS_PER_MAINTENANCE = 200;
const CHUNKS_PER_MAINTENANCE = 2_000;

/**
 * The embedded engine. Appends that come while a commit is under way share the next one; positions are given when a
 * transaction is made, so one that fails leaves no hole. Acknowledged means synchronised to disk.
 * @throws Error with one clear line when the directory holds no log that can be opened
 */
export async function openLmdbRoomLog(options: LmdbLogOptions): Promise<RoomLog> {
  const { dir, idWindowMs = 600_000, commitTimeoutMs = 1_500, gatherMs = 2, pauseMs = 0, maintenanceMs = 1_000 } = options;
  const { now = Date.now, onFault = () => {} } = options;
  const tables = openLmdbTables(dir);
  await ensureMeta(tables);
  const ids = new LmdbIds(tables.root, { windowMs: idWindowMs, recentIds: options.recentIds });
  const all = tablesOf(tables.root);
  const space = spaceOn(options.disk, () => spareBytes(tables.root, all));
  const followers = new Followers(onFault);
  let waiting: Waiting[] = [];
  let waitingBytes = 0;
  let writing: Promise<void> | undefined;
  let state: 'open' | 'stalled' | 'closed' = 'open';
  let cursor: RoomName | undefined;
  let maintenanceDue = false;
  let committedAt = Number.NEGATIVE_INFINITY;

  const timer = setInterval(() => {
    if (!space.allows('delete')) return;
    maintenanceDue = true;
    writing ??= write();
  }, maintenanceMs);
  timer.unref();

  async function write(): Promise<void> {
    do {
      await gather();
      await writeOnce(take());
      committedAt = performance.now();
    } while (waiting.length > 0 || maintenanceDue);
    writing = undefined;
  }

  /** Until a turn brings nothing more: a commit costs much the same for one append as for many. */
  async function gather(): Promise<void> {
    const early = committedAt + pauseMs - performance.now();
    if (early > 0) await delay(early);
    const until = performance.now() + gatherMs;
    let had: number;
    do {
      had = waiting.length;
      await new Promise((resolve) => setImmediate(resolve));
    } while (waiting.length > had && waiting.length < APPENDS_PER_COMMIT && performance.now() < until);
  }

  function take(): Waiting[] {
    const batch = waiting.splice(0, APPENDS_PER_COMMIT);
    waitingBytes -= batch.reduce((bytes, one) => bytes + one.bytes, 0);
    return batch;
  }

  async function writeOnce(batch: readonly Waiting[]): Promise<void> {
    let looks = 0;
    const stall = setInterval(() => {
      if (++looks === STALL_LOOKS) stalled(batch);
    }, commitTimeoutMs / STALL_LOOKS);
    try {
      const transaction = new LmdbTransaction({ tables, ids, now: now() });
      const appended = batch.map((one) => transaction.append(one));
      tidy(transaction);
      await transaction.commit();
      batch.forEach((one, i) => {
        settle(one, appended[i]);
      });
    } catch (error) {
      const fault = await commitFault(error, dir);
      onFault(fault);
      for (const { waiter } of batch) waiter.refused(fault);
    } finally {
      for (const { bytes } of batch) space.release(bytes);
      clearInterval(stall);
      if (state === 'stalled') state = 'open';
    }
  }

  /** The disk hangs. Whether this batch gets stored nobody knows; what waits behind it is not. */
  function stalled(batch: readonly Waiting[]): void {
    if (state === 'open') state = 'stalled';
    const hangs = `The disk did not take the message within ${commitTimeoutMs} ms`;
    const refused = waiting;
    waiting = [];
    waitingBytes = 0;
    for (const one of batch) {
      one.waiter.refused(new HubError('timeout', `${hangs}; it may be stored.`));
      one.waiter = NOBODY;
    }
    for (const { bytes, waiter } of refused) {
      space.release(bytes);
      waiter.refused(new HubError('unavailable', `${hangs}; nothing was stored.`));
    }
  }

  /** What a waiter throws does not keep the others of the commit from being told. */
  function settle({ room, body, bytes, waiter }: Waiting, appended: Appended | undefined): void {
    if (appended && !appended.repeated && followers.has(room)) {
      const { epoch, seq, time } = appended.entry;
      followers.entry(room, placeEntry(body, { room, epoch, seq, time }, bytes));
    }
    try {
      if (appended) waiter.appended(appended);
      else waiter.refused(new HubError('out_of_order'));
    } catch (error) {
      onFault(error, room);
    }
  }

  /** @throws HubError when it is refused */
  function add(message: NewMessage, retention: Retention, waiter: AppendWaiter): void {
    if (state === 'closed') throw new HubError('unavailable', 'The log is closed.');
    if (state === 'stalled') throw new HubError('unavailable', 'The disk does not take messages now; nothing was stored.');
    const body = encodeBody(message);
    const bytes = Buffer.byteLength(body);
    if (waiting.length >= MAX_WAITING || waitingBytes + bytes > MAX_WAITING_BYTES) {
      throw new HubError('unavailable', 'Too many messages wait for the disk; nothing was stored.');
    }
    space.take(bytes);
    waitingBytes += bytes;
    waiting.push({ room: message.room, id: message.id, after: message.after, body, bytes, retention, waiter });
    writing ??= write();
  }

  function tidy(transaction: LmdbTransaction): void {
    transaction.pruneWritten();
    if (!maintenanceDue) return;
    maintenanceDue = false;
    maintainRooms(transaction);
  }

  /** Goes around all rooms, some at a time. */
  function maintainRooms(transaction: LmdbTransaction): void {
    const rooms = [...tables.heads.getKeys({ start: cursor, exclusiveStart: cursor !== undefined, limit: ROOMS_PER_MAINTENANCE })];
    let budget = CHUNKS_PER_MAINTENANCE;
    for (const room of rooms) {
      if (budget <= 0) return;
      budget -= transaction.prune(room, budget);
      transaction.retire(room, followers.has(room));
      cursor = room;
    }
    if (rooms.length < ROOMS_PER_MAINTENANCE) cursor = undefined;
  }

  function fresh(): LmdbTables {
    if (state === 'closed') throw new HubError('unavailable', 'The log is closed.');
    tables.root.resetReadTxn();
    return tables;
  }

  return {
    durability: 'LMDB: what is acknowledged is synchronised to disk, a crash loses none of it.',

    append: (message, retention) =>
      new Promise((resolve, reject) => {
        add(message, retention, { appended: resolve, refused: reject });
      }),

    appendFor: add,

    read: async (room, range) => readPage(fresh(), room, range),
    ends: async (room) => endsOf(fresh(), room),

    async follow(room, follower) {
      fresh();
      return followers.add(room, follower);
    },

    rooms: async ({ prefix = '', limit }) => listRooms(fresh(), { prefix, limit }),

    async close() {
      if (state === 'closed') return;
      state = 'closed';
      clearInterval(timer);
      await writing;
      followers.clear();
      await tables.root.close();
    },
  };
}
