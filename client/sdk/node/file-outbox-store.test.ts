import { appendFile, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryDir } from '../../../test/support/files.js';
import { testScope } from '../../../test/support/scope.js';
import { describeOutboxStore } from '../outbox-store.contract.js';
import type { OutboxEntry, OutboxStore } from '../outbox-store.js';
import { type FileOutboxOptions, openFileOutboxStore } from './file-outbox-store.js';

const scope = testScope();
const entry = (id: string): OutboxEntry => ({ room: 'chat:a', id, data: id, user: 'ada', createdAt: 0 });

describeOutboxStore('file', async () => {
  const dir = await temporaryDir(scope);
  return { open: () => openFileOutboxStore(join(dir, 'outbox')), outlives: true };
});

async function open(dir: string, options?: FileOutboxOptions): Promise<OutboxStore> {
  return scope.defer(await openFileOutboxStore(dir, options), (store) => store.close());
}

/** The one file that counts. */
async function fileIn(dir: string): Promise<string> {
  const files = (await readdir(dir)).filter((name) => name.startsWith('outbox.'));
  expect(files).toHaveLength(1);
  return join(dir, files[0]!);
}

const idsIn = async (store: OutboxStore) => (await store.load()).map(({ id }) => id);

test.each([
  ['a part of its last line', async (file: string) => truncate(file, (await stat(file)).size - 3)],
  ['a part of a line behind the last one', (file: string) => appendFile(file, 'a1b2c3 /w8')],
  ['zeros behind the last line', (file: string) => appendFile(file, Buffer.alloc(4_096))],
])('a file with %s is read up to there and written on', async (_what, harm) => {
  const dir = await temporaryDir(scope);
  const first = await open(dir);
  for (const id of ['a', 'b', 'c']) await first.put(entry(id));
  await first.close();
  await harm(await fileIn(dir));
  const second = await open(dir);
  const left = await idsIn(second);
  expect(['a,b', 'a,b,c']).toContain(left.join());
  await second.put(entry('d'));
  await second.close();
  expect(await idsIn(await open(dir))).toEqual([...left, 'd']);
});

test('a directory that is in use is refused with one clear line, and is free when its owner has closed it', async () => {
  const dir = await temporaryDir(scope);
  const first = await open(dir);
  await first.put(entry('a'));
  await expect(open(dir)).rejects.toThrow(new RegExp(`^the outbox in ${dir} is in use by another process or client; .*$`));
  await first.put(entry('b'));
  await first.close();
  expect(await idsIn(await open(dir))).toEqual(['a', 'b']);
});

test('of many that want a free directory at once, one gets it', async () => {
  const dir = await temporaryDir(scope);
  await (await open(dir)).close();
  const opened = await Promise.allSettled(Array.from({ length: 10 }, () => open(dir)));
  expect(opened.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('a directory that cannot be used is refused with one clear line', async () => {
  const dir = await temporaryDir(scope);
  await writeFile(join(dir, 'file'), '');
  await expect(open(join(dir, 'file'))).rejects.toThrow(/^the outbox in \S+ cannot be used: EEXIST/);
});

test('a path that no socket can have is as good', async () => {
  const dir = join(await temporaryDir(scope), 'x'.repeat(120));
  await mkdir(dir);
  const first = await open(dir);
  await expect(open(dir)).rejects.toThrow('is in use');
  await first.put(entry('a'));
});

test('what is done leaves the file, in time', async () => {
  const dir = await temporaryDir(scope);
  const store = await open(dir, { tidyLines: 10 });
  await store.put(entry('kept'));
  for (let n = 0; n < 30; n++) {
    await store.put(entry(`m${n}`));
    await store.remove(entry(`m${n}`));
  }
  await store.close();
  const lines = (await readFile(await fileIn(dir), 'latin1')).split('\n');
  expect(lines.length).toBeLessThan(20);
  expect(await idsIn(await open(dir))).toEqual(['kept']);
});

test('calls on a closed store are rejected', async () => {
  const store = await open(await temporaryDir(scope));
  await store.close();
  await expect(store.put(entry('a'))).rejects.toThrow('the outbox is closed');
});
