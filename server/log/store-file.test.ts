import { appendFile, cp, mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { open } from 'lmdb';
import { temporaryDir } from '../../test/support/files.js';
import { testScope } from '../../test/support/scope.js';
import { checkStoreFile } from './store-file.js';

const scope = testScope();

/** A store with 3 MB in one of two tables; `harm` is done to its file. */
async function storeWith(harm: (file: string) => Promise<unknown> = async () => {}): Promise<string> {
  const dir = await temporaryDir(scope);
  const root = open({ path: dir, noSubdir: false, maxDbs: 2 });
  const large = root.openDB<string, number>({ name: 'large' });
  for (let n = 0; n < 300; n++) void large.put(n, 'x'.repeat(10_000));
  await root.openDB<string, string>({ name: 'small' }).put('a', 'b');
  await root.close();
  await harm(join(dir, 'data.mdb'));
  return dir;
}

test('a whole file passes, one that is longer than need be, an empty one, and none', async () => {
  checkStoreFile(await storeWith());
  checkStoreFile(await storeWith((file) => appendFile(file, Buffer.alloc(8_192))));
  checkStoreFile(await storeWith((file) => truncate(file, 0)));
  checkStoreFile(await temporaryDir(scope));
});

test('what LMDB itself has open passes at any moment', async () => {
  const dir = await temporaryDir(scope);
  const root = open<string, number>({ path: dir, noSubdir: false });
  scope.defer(root, () => root.close());
  for (let n = 0; n < 50; n++) {
    await root.put(n % 7, 'x'.repeat(1 + ((n * 7_919) % 60_000)));
    if (n % 3 === 0) await root.remove((n + 3) % 7);
    checkStoreFile(dir);
  }
});

test.each([
  ['cut off in the middle', (file: string) => truncate(file, 1_500_000), /^data\.mdb is damaged: it has 1500000 of \d+ bytes; /],
  ['cut off behind its first page', (file: string) => truncate(file, 5_000), /^data\.mdb is damaged: it has 5000 of \d+ bytes; /],
  [
    'of other content',
    (file: string) => writeFile(file, 'x'.repeat(100_000)),
    /^data\.mdb is damaged: it does not begin as a store does; /,
  ],
  ['of a few bytes', (file: string) => writeFile(file, 'hello'), /^data\.mdb is damaged: it does not begin as a store does; /],
])('a file %s is refused with one clear line', async (_what, harm, line) => {
  const dir = await storeWith(harm);
  expect(() => checkStoreFile(dir)).toThrow(line);
});

test('a file that lacks only what nobody reads passes', async () => {
  const dir = await storeWith();
  const file = join(dir, 'data.mdb');
  const bytes = await readFile(file);
  const { size } = await stat(file);
  // One page more than it has, as where the last ones were given back before they were ever written.
  for (const page of [0, 4_096]) bytes.writeBigUInt64LE(BigInt(size / 4_096), page + 24 + 120);
  const other = join(dir, 'other');
  await mkdir(other);
  await cp(file, join(other, 'data.mdb'));
  await writeFile(join(other, 'data.mdb'), bytes);
  checkStoreFile(other);
});
