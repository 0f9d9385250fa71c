// `npm run build`: dist/ from the sources, where they changed.
import { build } from './setup/build.mjs';
import { ROOT } from './setup/root.mjs';

try {
  await build(ROOT);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
