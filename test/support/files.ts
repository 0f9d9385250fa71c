import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Scope } from './scope.js';

/** The checkout's root, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A new directory that goes when the scope is over. */
export async function temporaryDir(scope: Scope): Promise<string> {
  return scope.defer(await mkdtemp(join(tmpdir(), 'roomcast-test-')), (dir) => rm(dir, { recursive: true, force: true }));
}
