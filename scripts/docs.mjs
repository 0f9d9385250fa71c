// `npm run docs`: writes the tables of options into docs/configuration.md from their declaration.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './setup/build.mjs';
import { ROOT } from './setup/root.mjs';

await build(ROOT);
const { withOptionTables } = await import('../dist/server/config/document.js');
const file = join(ROOT, 'docs/configuration.md');
writeFileSync(file, withOptionTables(readFileSync(file, 'utf8')));
