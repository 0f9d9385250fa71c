// `npm run build`: dist/ from the sources, where they changed.
import { buildSources } from './setup/prepare.mjs';

try {
  await buildSources();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
