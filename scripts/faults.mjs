// `npm run faults -- --minutes 10 --seed 1`: makes this checkout ready, then runs the fault bench from the build.
import { prepare } from './setup/prepare.mjs';

try {
  await prepare();
  await import('../dist/bench/faults/main.js');
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
