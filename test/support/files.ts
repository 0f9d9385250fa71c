import { access, constants, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Scope } from './scope.js';

const ABOVE = new URL('../../', import.meta.url);
/** The checkout's root, with a slash at its end. The fault bench runs these files from `dist/`. */
export const ROOT = fileURLToPath(ABOVE.pathname.endsWith('/dist/') ? new URL('../', ABOVE) : ABOVE);

/** Memory that is a directory, and how much of it must be free to be used. */
const MEMORY = '/dev/shm';
const MEMORY_BYTES = 2 ** 30;

/** A new directory that goes when the scope is over. */
export async function temporaryDir(scope: Scope): Promise<string> {
  return newDir(scope, tmpdir());
}

/**
 * One for what a server stores. What a killed process wrote is in memory as on a disk; only what needs a disk, or runs programs from the
 * directory, takes a temporary one.
 */
export async function storageDir(scope: Scope): Promise<string> {
  return newDir(scope, await storageHome());
}

/**
 * Where servers keep their data: in memory where there is enough, else where temporary files are. On one disk, to which several that run side by
 * side synchronise all the time, a commit may take longer than a hub waits for it, and what it refuses then has nothing to do with a test.
 */
export async function storageHome(): Promise<string> {
  try {
    await access(MEMORY, constants.W_OK);
    const { bavail, bsize } = await statfs(MEMORY);
    return bavail * bsize >= MEMORY_BYTES ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

async function newDir(scope: Scope, home: string): Promise<string> {
  return scope.defer(await mkdtemp(join(home, 'roomcast-test-')), (dir) => rm(dir, { recursive: true, force: true }));
}
