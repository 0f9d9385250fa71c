// `npm test`: sets up what the tests need, then runs format and lint, types, unit and end-to-end tests. The last line sums it all up.
// Arguments choose tests, as Jest takes them (`npm test -- server/auth`); the checks of the whole tree are left out then.
import { nodeTooOld } from './setup/node-version.mjs';

const refusal = nodeTooOld();
if (refusal) {
  console.error(refusal);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
} else {
  import('./setup/run-tests.mjs').then(async ({ runTests }) => {
    process.exitCode = await runTests(process.argv.slice(2));
  });
}
