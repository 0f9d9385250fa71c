import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from '@jest/globals';
import { bornOf, claimDataDir } from './data-dir.js';

const dirs: string[] = [];
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

function newDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'roomcast-dir-'));
  dirs.push(dir);
  return join(dir, 'data');
}

/** A process that claims the directory, says how it went, and stays. */
async function claimElsewhere(dir: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', CLAIM, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [said] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return { child, said };
}

const CLAIM = `
  import { transformFileSync } from ${JSON.stringify(import.meta.resolve('@swc/core'))};
  const { code } = transformFileSync(${JSON.stringify(new URL('./data-dir.ts', import.meta.url).pathname)}, { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } });
  const { claimDataDir } = await import('data:text/javascript,' + encodeURIComponent(code));
  try { claimDataDir(process.argv[1]); console.log('claimed'); } catch (error) { console.log(error.message); }
  setInterval(() => {}, 1000);
`;

test('a directory has one owner until it is released', () => {
  const dir = newDir();
  const release = claimDataDir(dir);
  expect(() => claimDataDir(dir)).toThrow(/is in use by this very process/);
  release();
  claimDataDir(dir)();
  expect(readdirSync(dir)).toHaveLength(1);
});

test('a second process is refused in one line, and takes over at once when the first was killed', async () => {
  const dir = newDir();
  const first = await claimElsewhere(dir);
  expect(first.said).toBe('claimed');
  expect(() => claimDataDir(dir)).toThrow(
    `the data directory ${dir} is in use by process ${first.child.pid}; give each hub a directory of its own`,
  );
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  claimDataDir(dir)();
});

test('of several processes that take over a dead owner at once, one gets the directory', async () => {
  const dir = newDir();
  const dead = await claimElsewhere(dir);
  dead.child.kill('SIGKILL');
  await once(dead.child, 'exit');
  const claims = await Promise.all(Array.from({ length: 6 }, () => claimElsewhere(dir)));
  expect(claims.filter(({ said }) => said === 'claimed')).toHaveLength(1);
  expect(claims.filter(({ said }) => said.includes('is in use by process'))).toHaveLength(5);
});

test('an owner whose pid another process has by now, and a torn owner file, are no owners', () => {
  const dir = newDir();
  claimDataDir(dir)();
  writeFileSync(join(dir, 'owner.7'), JSON.stringify({ pid: process.ppid, born: `${bornOf(process.ppid)}0` }));
  claimDataDir(dir)();
  writeFileSync(join(dir, 'owner.9'), '{"pid":');
  claimDataDir(dir)();
});

test('a directory that cannot be made is refused in one line', () => {
  const dir = newDir();
  claimDataDir(dir)();
  writeFileSync(join(dir, 'file'), '');
  expect(() => claimDataDir(join(dir, 'file', 'below'))).toThrow(/^the data directory .* cannot be used: /);
});
