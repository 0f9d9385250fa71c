import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { mustRun } from './run.mjs';

/** What each half of dist/ is made from. Tests are no part of it, but what supports them: the fault bench starts its cluster with that. */
const SERVER = {
  sources: ['shared', 'server', 'client/sdk', 'bench', 'test/support'],
  files: ['package.json', 'tsconfig.json', 'tsconfig.build.json'],
};
const WEB = { sources: ['shared', 'client'], files: ['package-lock.json'] };
const IGNORED = /\.(test|contract)\.tsx?$|\.md$/;

function filesUnder(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** A hash over names and contents. */
function hashOf(root, { sources, files }) {
  const hash = createHash('sha256');
  const inputs = [...sources.flatMap((source) => filesUnder(join(root, source))), ...files.map((file) => join(root, file))]
    .filter((file) => !IGNORED.test(file) && existsSync(file))
    .sort();
  for (const file of inputs)
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  return hash.digest('hex');
}

const stampFile = (root) => join(root, '.cache', 'build.json');
const hasWeb = (root) => existsSync(join(root, 'client', 'web', 'vite.config.ts'));

/** The hashes that dist/ was made from, and what they are now. */
function stamps(root) {
  let built = {};
  try {
    built = JSON.parse(readFileSync(stampFile(root), 'utf8'));
  } catch {
    // No build yet.
  }
  return { built, now: { server: hashOf(root, SERVER), web: hasWeb(root) ? hashOf(root, WEB) : 'none' } };
}

const isServerBuilt = (root, { built, now }) => built.server === now.server && existsSync(join(root, 'dist/server/main.js'));
const isWebBuilt = (root, { built, now }) =>
  built.web === now.web && (now.web === 'none' || existsSync(join(root, 'dist/client/web/index.html')));

export function isBuilt(root) {
  const known = stamps(root);
  return isServerBuilt(root, known) && isWebBuilt(root, known);
}

/** Compiles with tsc, puts what tsc does not copy beside it, and removes what no source stands for any more. */
async function buildServer(root) {
  console.log('Building the server …');
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const args = [tsc, '-p', 'tsconfig.build.json', '--noEmitOnError', '--listEmittedFiles'];
  const output = await mustRun('The server could not be built: tsc failed (output above).', process.execPath, args, { cwd: root });
  const emitted = new Set(output.split('\n').flatMap((line) => (line.startsWith('TSFILE: ') ? resolve(root, line.slice(8).trim()) : [])));
  for (const script of filesUnder(join(root, 'server')).filter((file) => file.endsWith('.lua'))) {
    const copy = join(root, 'dist', relative(root, script));
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(script, copy);
    emitted.add(copy);
  }
  for (const half of SERVER.sources) {
    for (const file of filesUnder(join(root, 'dist', half))) if (!emitted.has(file)) rmSync(file);
  }
  chmodSync(join(root, 'dist/server/main.js'), 0o755);
}

async function buildWeb(root) {
  console.log('Building the pages …');
  const args = [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--outDir', join(root, 'dist/client/web'), '--emptyOutDir'];
  const options = { cwd: join(root, 'client/web') };
  await mustRun('The pages could not be built: vite failed (output above).', process.execPath, [...args, '--logLevel', 'warn'], options);
}

/** Builds the halves whose sources changed since their last build. */
export async function build(root) {
  const known = stamps(root);
  const built = { ...known.built };
  const note = (half) => {
    built[half] = known.now[half];
    mkdirSync(dirname(stampFile(root)), { recursive: true });
    writeFileSync(stampFile(root), JSON.stringify(built));
  };
  if (!isServerBuilt(root, known)) {
    await buildServer(root);
    note('server');
  }
  if (!isWebBuilt(root, known)) {
    if (hasWeb(root)) await buildWeb(root);
    note('web');
  }
}
