// `npm start`: makes this checkout ready (dependencies, build), then runs the hub in this process with the arguments given.
// Nothing is imported before Node's version is known to be one that can read the rest.
var MINIMUM = [20, 19];
var version = process.versions.node.split('.').map(Number);

if (version[0] < MINIMUM[0] || (version[0] === MINIMUM[0] && version[1] < MINIMUM[1])) {
  console.error(`Roomcast needs Node ${MINIMUM.join('.')} or newer; this is Node ${process.versions.node}.`);
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
