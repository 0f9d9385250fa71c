import { execFileSync } from 'node:child_process';
import { temporaryDir } from './files.js';
import type { Scope } from './scope.js';

export interface SmallDisk {
  readonly dir: string;
  grow(megabytes: number): void;
}

/** A file system of its own, in memory, and from then on a console without errors; undefined where this user may mount none. */
export async function smallDisk(scope: Scope, megabytes: number): Promise<SmallDisk | undefined> {
  const dir = await temporaryDir(scope);
  try {
    mount('-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir);
  } catch {
    return undefined;
  }
  // LMDB's library prints the fault of each commit by itself, some of it when all tests are over.
  console.error = () => {};
  scope.defer(dir, () => execFileSync('umount', ['--lazy', dir], { stdio: 'ignore' }));
  return { dir, grow: (to) => mount('-o', `remount,size=${to}m`, dir) };
}

function mount(...args: string[]): void {
  execFileSync('mount', args, { stdio: 'ignore' });
}
