// `npm run docs`: writes the tables of options into docs/configuration.md from their declaration.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { ROOT } from './setup/root.mjs';

const entry = join(ROOT, 'server/config/document.ts');
const bundle = await build({ entryPoints: [entry], bundle: true, platform: 'node', format: 'esm', write: false });
const { withOptionTables } = await import(`data:text/javascript;base64,${Buffer.from(bundle.outputFiles[0].contents).toString('base64')}`);
const file = join(ROOT, 'docs/configuration.md');
writeFileSync(file, withOptionTables(readFileSync(file, 'utf8')));
