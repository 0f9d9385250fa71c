// `npm start`: makes this checkout ready (dependencies, build), then runs the hub in this process with the arguments given.
// Nothing else is imported before Node's version is known to be one that can read the rest.
import { nodeTooOld } from './setup/node-version.mjs';

const refusal = nodeTooOld();
if (refusal) {
  console.error(refusal);
  process.exitCode = 1;
} else {
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
