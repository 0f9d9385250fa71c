import { join } from 'node:path';
import { build, isBuilt } from './build.mjs';
import { install, isInstalled } from './install.mjs';
import { withLock } from './lock.mjs';
import { ROOT } from './root.mjs';

/**
 * Installs and builds what is missing or older than its sources; says one line for each step that happens. Several
 * processes may ask at once: one does it, the others wait for it.
 */
export async function prepare(root = ROOT) {
  if (isInstalled(root) && isBuilt(root)) return;
  await withLock(join(root, '.cache', 'setup.lock'), async () => {
    if (!isInstalled(root)) await install(root);
    if (!isBuilt(root)) await build(root);
  });
}
