import { open, type RootDatabase } from 'lmdb';
import { HubError } from '../../shared/errors.js';
import { commitFault } from '../log/commit-fault.js';
import { type DiskSpace, type DiskUse, spaceOn } from '../log/disk-space.js';
import { spareBytes } from '../log/spare-bytes.js';
import { checkStoreFile } from '../log/store-file.js';
import type { SessionStore, StoredSession } from './session-store.js';

type Kept = StoredSession & {
  readonly owner: string;
  /** Milliseconds since 1970 at which it ends. */
  readonly until: number;
};

export interface LmdbSessionStoreOptions {
  /** Must be this process's own. Made when it is missing. */
  readonly dir: string;
  /** Left out, a full disk is found by writing to it. */
  readonly disk?: DiskSpace | undefined;
  /** How often sessions that ended are looked for. */
  readonly maintenanceMs?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Sessions that one round of maintenance looks at: it is one transaction. */
const LOOKED_AT = 1_000;
const COMMIT_TIMEOUT_MS = 1_500;

/**
 * The engine of an embedded hub: sessions outlive the process. Each call is decided within a transaction and resolves when that is on disk; calls
 * of one turn share it.
 * @throws Error with one clear line when the directory holds nothing that can be opened
 */
export function openLmdbSessionStore({ dir, disk, maintenanceMs = 10_000, now = Date.now }: LmdbSessionStoreOptions): SessionStore {
  const sessions = openSessions(dir);
  const space = spaceOn(disk, () => spareBytes(sessions));
  let cursor: string | undefined;

  /** A store that is closed throws: in an async function that is a rejection, as every other failure. */
  const decided = async <Result>(decide: () => Result): Promise<Result> => {
    try {
      return await sessions.transaction(decide);
    } catch (error) {
      throw await commitFault(error, dir);
    }
  };
  /** What it takes of the disk is given back when it is over, not when it is given up. */
  const change = <Result>(use: DiskUse, bytes: number, decide: () => Result): Promise<Result> =>
    inTime(space.during(bytes, () => decided(decide), use));

  const find = (pid: string): Kept | undefined => {
    const kept = sessions.get(pid);
    return kept && kept.until > now() ? kept : undefined;
  };

  const ownedBy = (pid: string, owner: string): Kept | undefined => {
    const kept = find(pid);
    return kept?.owner === owner ? kept : undefined;
  };

  const write = (pid: string, kept: Omit<Kept, 'until'>, ttlMs: number) => void sessions.put(pid, { ...kept, until: now() + ttlMs });

  /** Goes around all sessions, some at a time. */
  const forgetEnded = () => {
    const page = [...sessions.getRange({ start: cursor, exclusiveStart: cursor !== undefined, limit: LOOKED_AT })];
    for (const { key, value } of page) if (value.until <= now()) void sessions.remove(key);
    cursor = page.length < LOOKED_AT ? undefined : page.at(-1)!.key;
  };

  // What could not be removed is looked at again.
  const timer = setInterval(() => void change('delete', 0, forgetEnded).catch(() => {}), maintenanceMs).unref();

  return {
    open: (pid, owner, session, ttlMs) => change('new', Buffer.byteLength(session.text), () => write(pid, { ...session, owner }, ttlMs)),
    save: (pid, owner, text, ttlMs) =>
      change('change', Buffer.byteLength(text), () => {
        const kept = ownedBy(pid, owner);
        if (kept) write(pid, { ...kept, text }, ttlMs);
        return kept !== undefined;
      }),
    take: (pid, owner, user, ttlMs) =>
      change('change', 0, () => {
        const kept = find(pid);
        if (kept?.user !== user) return undefined;
        write(pid, { ...kept, owner }, ttlMs);
        return kept.text;
      }),
    remove: (pid, owner) =>
      change('delete', 0, () => {
        if (ownedBy(pid, owner)) void sessions.remove(pid);
      }),
    async close() {
      clearInterval(timer);
      await sessions.close();
    },
  };
}

/** The disk may hang; what was asked for may be done later. */
function inTime<Result>(work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const fault = new HubError('timeout', `The disk did not take the session within ${COMMIT_TIMEOUT_MS} ms.`);
    const timer = setTimeout(() => reject(fault), COMMIT_TIMEOUT_MS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function openSessions(dir: string): RootDatabase<Kept, string> {
  try {
    checkStoreFile(dir);
    // As the rooms: each commit waits for the disk, and a failed one leaves no promise unhandled.
    return open<Kept, string>({ path: dir, overlappingSync: false, eventTurnBatching: false });
  } catch (error) {
    throw new Error(`the sessions in ${dir} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}
