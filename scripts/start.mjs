// `npm start`: makes this checkout ready (dependencies, build), then runs the hub in this process with the arguments given.
// Nothing else is imported before Node's version is known to be one that can read the rest.
import { nodeTooOld } from './setup/node-version.mjs';

const refusal = nodeTooOld();
if (refusal) {
  console.error(refusal);
  process.exitCode = 1;
} else {
  stopWithNpm();
  import('./setup/prepare.mjs')
    .then((setup) => setup.prepare())
    .then(
      () => import('../dist/server/main.js'),
      (error) => {
        console.error(error.message);
        process.exitCode = 1;
      },
    );
}

/**
 * npm runs scripts in a shell, and a signal to npm ends npm and the shell, but reaches nobody else. A supervisor that stops `npm start` means the
 * hub, so the shell's end counts as SIGTERM.
 */
function stopWithNpm() {
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event === undefined) return;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  watch.unref();
}
