import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Scope } from './scope.js';

const ABOVE = new URL('../../', import.meta.url);
/** The checkout's root, with a slash at its end. The fault bench runs these files from `dist/`. */
export const ROOT = fileURLToPath(ABOVE.pathname.endsWith('/dist/') ? new URL('../', ABOVE) : ABOVE);

/** A new directory that goes when the scope is over. */
export async function temporaryDir(scope: Scope): Promise<string> {
  return scope.defer(await mkdtemp(join(tmpdir(), 'roomcast-test-')), (dir) => rm(dir, { recursive: true, force: true }));
}
