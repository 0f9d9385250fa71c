import { execFile } from 'node:child_process';
import { access, mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { ROOT, temporaryDir } from './support/files.js';
import { testScope } from './support/scope.js';

const scope = testScope();
const SETUP = `${ROOT}scripts/setup`;

/** Runs a few lines in a Node of their own, with the setup's functions at hand. */
async function node(code: string): Promise<string> {
  const imports = ['lock', 'install', 'build'].map((file) => `import * as ${file} from '${SETUP}/${file}.mjs';`);
  return (await promisify(execFile)(process.execPath, ['--input-type=module', '-e', [...imports, code].join('\n')])).stdout.trim();
}

async function write(files: Record<string, string>): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}
const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

/** Adds to a file without any care: what two at once would lose. */
const careless = (dir: string, turns: number) => `
  import { readFileSync, writeFileSync } from 'node:fs';
  import { setImmediate } from 'node:timers/promises';
  for (let turn = 0; turn < ${turns}; turn++) {
    await lock.withLock('${dir}/.cache/lock', async () => {
      const count = Number(readFileSync('${dir}/count', 'utf8'));
      await setImmediate();
      writeFileSync('${dir}/count', String(count + 1));
    });
  }`;

test('of several processes one at a time does the work under a lock', async () => {
  const dir = await temporaryDir(scope);
  await write({ [`${dir}/count`]: '0' });
  await Promise.all(Array.from({ length: 4 }, () => node(careless(dir, 3))));
  expect(await readFile(`${dir}/count`, 'utf8')).toBe('12');
  expect(await readdir(`${dir}/.cache`)).toEqual([]);
});

test('a lock whose holder died is taken over, here by its process, from elsewhere by its age', async () => {
  const dir = await temporaryDir(scope);
  const lock = `${dir}/.cache/lock`;
  const ended = await node('console.log(process.pid)');
  for (const holder of [
    { pid: Number(ended), host: hostname() },
    { pid: 1, host: 'another-container' },
  ]) {
    await write({ [`${dir}/count`]: '0', [lock]: JSON.stringify(holder) });
    if (holder.pid === 1) await utimes(lock, new Date(0), new Date(0));
    await Promise.all([node(careless(dir, 2)), node(careless(dir, 2))]);
    expect(await readFile(`${dir}/count`, 'utf8')).toBe('4');
  }
});

test('packages count as installed when each one is there in its version, optional ones aside', async () => {
  const dir = await temporaryDir(scope);
  const installed = () => node(`console.log(install.isInstalled('${dir}'))`);
  const wanted = { '': {}, 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '2.0.0', optional: true } };
  const put = (packages: object) => write({ [`${dir}/node_modules/.package-lock.json`]: JSON.stringify({ packages }) });
  await write({ [`${dir}/package-lock.json`]: JSON.stringify({ packages: wanted }) });
  expect(await installed()).toBe('false');
  await put({ 'node_modules/a': { version: '1.0.0' } });
  expect(await installed()).toBe('true');
  await put({ 'node_modules/a': { version: '1.0.1' } });
  expect(await installed()).toBe('false');
});

/** A checkout of three small sources. */
async function checkout(): Promise<string> {
  const dir = await temporaryDir(scope);
  await write({
    [`${dir}/package.json`]: '{"type":"module"}',
    [`${dir}/tsconfig.json`]: await readFile(`${ROOT}tsconfig.json`, 'utf8'),
    [`${dir}/tsconfig.build.json`]: await readFile(`${ROOT}tsconfig.build.json`, 'utf8'),
    [`${dir}/server/main.ts`]: "#!/usr/bin/env node\nimport { word } from '../shared/word.js';\nconsole.log(word);\n",
    [`${dir}/server/log/append.lua`]: 'return 1\n',
    [`${dir}/shared/word.ts`]: "export const word: string = 'built';\n",
  });
  await symlink(`${ROOT}node_modules`, `${dir}/node_modules`);
  return dir;
}
const build = (dir: string) => node(`await build.build('${dir}');`);
const isBuilt = (dir: string) => node(`console.log(build.isBuilt('${dir}'))`);

test('a build makes what runs, once, and follows its sources', async () => {
  const dir = await checkout();
  const main = join(dir, 'dist/server/main.js');
  expect(await isBuilt(dir)).toBe('false');
  expect(await build(dir)).toBe('Building the server …');
  expect((await promisify(execFile)(main)).stdout).toBe('built\n');
  expect(await readFile(`${dir}/dist/server/log/append.lua`, 'utf8')).toBe('return 1\n');
  expect(await isBuilt(dir)).toBe('true');
  expect(await build(dir)).toBe('');

  const { mtimeMs } = await stat(main);
  await rm(`${dir}/server/log/append.lua`);
  await write({ [`${dir}/shared/word.ts`]: "export const word: string = 'again';\n", [`${dir}/shared/word.test.ts`]: 'not even a source' });
  expect(await build(dir)).toBe('Building the server …');
  expect((await promisify(execFile)(main)).stdout).toBe('again\n');
  expect(await exists(`${dir}/dist/server/log/append.lua`)).toBe(false);
  expect((await stat(main)).mtimeMs).toBeGreaterThanOrEqual(mtimeMs);

  await rm(`${dir}/dist`, { recursive: true });
  expect(await isBuilt(dir)).toBe('false');
});

test('a build that fails says where, and counts as none', async () => {
  const dir = await checkout();
  await write({ [`${dir}/shared/word.ts`]: 'export const word: string = 1;\n' });
  await expect(build(dir)).rejects.toThrow(/shared\/word\.ts.*\n[\s\S]*The server could not be built/);
  expect(await isBuilt(dir)).toBe('false');
});

test('the lock file names the packages of every platform, or npm ci refuses it', async () => {
  const { packages }: { packages: Record<string, { optionalDependencies?: Record<string, string> }> } = JSON.parse(
    await readFile(`${ROOT}package-lock.json`, 'utf8'),
  );
  const named = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, '')));
  const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies));
  expect(wanted.length).toBeGreaterThan(50);
  expect(wanted.filter((name) => !named.has(name))).toEqual([]);
});
