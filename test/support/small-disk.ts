import { execFileSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DiskSpace } from '../../server/log/disk-space.js';
import { temporaryDir } from './files.js';
import type { Scope } from './scope.js';

export interface SmallDisk {
  readonly dir: string;
  /** Watched with the largest reserve: an eighth of it. */
  readonly space: DiskSpace;
  freeBytes(): number;
  grow(megabytes: number): void;
  /** Somebody else's file takes all that is free, or all but so much. */
  stuff(leftBytes?: number): Promise<void>;
}

/** A file system of its own, in memory; undefined where this user may mount none. */
export async function smallDisk(scope: Scope, megabytes: number): Promise<SmallDisk | undefined> {
  const dir = await temporaryDir(scope);
  try {
    mount('-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir);
  } catch {
    return undefined;
  }
  scope.defer(dir, () => execFileSync('umount', ['--lazy', dir], { stdio: 'ignore' }));
  const space = scope.defer(new DiskSpace({ dir, reserveBytes: 2 ** 40, lookMs: 10 }), (opened) => opened.close());
  const freeBytes = () => {
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize;
  };
  const stuff = (leftBytes = 0) =>
    writeFile(join(dir, 'stuffing'), Buffer.alloc(freeBytes() - leftBytes)).catch((error) => {
      // Somebody wrote meanwhile: full it is all the same.
      if (leftBytes > 0 || error.code !== 'ENOSPC') throw error;
    });
  return { dir, space, freeBytes, grow: (to) => mount('-o', `remount,size=${to}m`, dir), stuff };
}

/** What ends a row of writes; `cause` is there where a write was tried and failed. */
export interface Refusal {
  readonly code?: string;
  readonly cause?: unknown;
}

/** Writes until a write is refused. */
export async function writeUntilRefused(write: () => Promise<unknown>): Promise<Refusal> {
  try {
    for (;;) await write();
  } catch (error) {
    return { code: (error as Refusal).code, cause: (error as Refusal).cause };
  }
}

/** A refusal that came before anything was written. */
export const REFUSED_AS_FULL: Refusal = { code: 'storage_full', cause: undefined };

function mount(...args: string[]): void {
  execFileSync('mount', args, { stdio: 'ignore' });
}
