import { statfs } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { HubError } from '../../shared/errors.js';

/** ENOSPC, EDQUOT, and LMDB's own MDB_MAP_FULL and MDB_TXN_FULL. */
const FULL: ReadonlySet<unknown> = new Set([28, 122, -30_792, -30_788]);
const SMALL_REST_BYTES = 4 * 1024 * 1024;

/** A commit's failure as the error that crosses parts. LMDB reports a disk that filled up while it wrote as an I/O error. */
export async function commitFault(failed: unknown, dir: string): Promise<HubError> {
  const cause = await realError(failed);
  const full = FULL.has((cause as { code?: unknown }).code) || (await hasLittleSpace(dir));
  const error = full ? new HubError('storage_full') : new HubError('unavailable', 'The disk did not take the message; nothing was stored.');
  error.cause = cause;
  return error;
}

/** The library rejects with an error that promises the real one. */
async function realError(failed: unknown): Promise<unknown> {
  const promised = (failed as { commitError?: Promise<never> }).commitError;
  if (!promised) return failed;
  return Promise.race([promised.catch((error: unknown) => error), delay(200, failed)]);
}

async function hasLittleSpace(dir: string): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(dir);
    return bavail * bsize < SMALL_REST_BYTES;
  } catch {
    return false;
  }
}
