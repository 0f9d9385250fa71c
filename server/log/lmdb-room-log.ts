import { HubError } from '../../shared/errors.js';
import { commitFault } from './commit-fault.js';
import { type DiskSpace, spaceOn } from './disk-space.js';
import { placeEntry } from './entry-codec.js';
import { Followers, type OnLogFault } from './followers.js';
import { LmdbCommits } from './lmdb-commits.js';
import { LmdbIds } from './lmdb-ids.js';
import { LmdbMaintenance } from './lmdb-maintenance.js';
import { listRooms, readPage } from './lmdb-reads.js';
import { endsOf, ensureMeta, type LmdbTables, openLmdbTables } from './lmdb-tables.js';
import { LmdbTransaction } from './lmdb-transaction.js';
import { type WaitingAppend, WaitingAppends } from './lmdb-waiting-appends.js';
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
  const appends = new WaitingAppends(space);
  const maintenance = new LmdbMaintenance(tables, (room) => followers.has(room));
  let maintenanceDue = false;
  let closed = false;

  const commits = new LmdbCommits({
    ...{ appends, store, onStored, onFault, commitTimeoutMs, gatherMs, pauseMs },
    isDue: () => maintenanceDue,
    faultOf: (error) => commitFault(error, dir),
  });

  const timer = setInterval(() => {
    if (!space.allows('delete')) return;
    maintenanceDue = true;
    commits.begin();
  }, maintenanceMs);
  timer.unref();

  async function store(batch: readonly WaitingAppend[]): Promise<(Appended | undefined)[]> {
    const transaction = new LmdbTransaction({ tables, ids, now: now() });
    const appended = batch.map((one) => transaction.append(one));
    transaction.pruneWritten();
    if (maintenanceDue) {
      maintenanceDue = false;
      maintenance.goOn(transaction);
    }
    await transaction.commit();
    return appended;
  }

  function onStored({ room, body, bytes }: WaitingAppend, { entry, repeated }: Appended): void {
    if (repeated || !followers.has(room)) return;
    const { epoch, seq, time } = entry;
    followers.entry(room, placeEntry(body, { room, epoch, seq, time }, bytes));
  }

  function refuseWhenClosed(): void {
    if (closed) throw new HubError('unavailable', 'The log is closed.');
  }

  /** @throws HubError when it is refused */
  function add(message: NewMessage, retention: Retention, waiter: AppendWaiter): void {
    refuseWhenClosed();
    if (commits.isStalled) throw new HubError('unavailable', 'The disk does not take messages now; nothing was stored.');
    appends.add(message, retention, waiter);
    commits.begin();
  }

  function fresh(): LmdbTables {
    refuseWhenClosed();
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
      if (closed) return;
      closed = true;
      clearInterval(timer);
      await commits.idle();
      followers.clear();
      await tables.root.close();
    },
  };
}
