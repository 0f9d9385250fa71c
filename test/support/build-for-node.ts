import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ROOT } from './files.js';
import type { Scope } from './scope.js';

/** A source file as plain JavaScript, for a process or thread that knows no TypeScript; `file` from the root. Gives where it is. */
export function buildForNode(scope: Scope, file: string): string {
  const out = join(ROOT, `node_modules/.cache/roomcast-${basename(file, '.ts')}-${process.pid}.mjs`);
  execFileSync(join(ROOT, 'node_modules/.bin/esbuild'), [
    join(ROOT, file),
    '--bundle',
    '--platform=node',
    '--format=esm',
    '--packages=external',
    `--outfile=${out}`,
    '--log-level=error',
  ]);
  return scope.defer(out, () => rmSync(out, { force: true }));
}
