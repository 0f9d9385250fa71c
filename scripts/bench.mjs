// `npm run bench -- jobs --repeats 3 --seconds 8`: makes this checkout ready, then runs a benchmark from the build.
import { prepare } from './setup/prepare.mjs';

try {
  await prepare();
  await import('../dist/bench/main.js');
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
