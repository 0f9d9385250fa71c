import { join } from 'node:path';
import { build, isBuilt } from './build.mjs';
import { install, isInstalled } from './install.mjs';
import { withLock } from './lock.mjs';
import { ROOT } from './root.mjs';

const lockOf = (root) => join(root, '.cache', 'setup.lock');

/**
 * Installs and builds what is missing or older than its sources; says one line for each step that happens. Several
 * processes may ask at once: one does it, the others wait for it.
 */
export async function prepare(root = ROOT) {
  await installDependencies(root);
  await buildSources(root);
}

export async function installDependencies(root = ROOT) {
  if (isInstalled(root)) return;
  await withLock(lockOf(root), async () => {
    if (!isInstalled(root)) await install(root);
  });
}

export async function buildSources(root = ROOT) {
  if (isBuilt(root)) return;
  await withLock(lockOf(root), () => build(root));
}
