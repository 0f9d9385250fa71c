import { mkdtemp, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { testScope } from '../../test/support/scope.js';
import { REFUSED_AS_FULL, smallDisk, writeUntilRefused } from '../../test/support/small-disk.js';
import { createFileResultStore } from './file-result-store.js';
import { resultStoreContract } from './result-store.contract.js';

const scope = testScope();
const newDir = () => mkdtemp(join(tmpdir(), 'roomcast-results-'));

resultStoreContract('files', async (maxBytes) => {
  const dir = await newDir();
  const [store, other] = [createFileResultStore({ dir, maxBytes }), createFileResultStore({ dir, maxBytes, sweepMs: 0 })];
  return {
    store,
    other,
    async end() {
      await Promise.all([store.close(), other.close()]);
      await rm(dir, { recursive: true, force: true });
    },
  };
});

test('files past their time, and those that were never finished, leave the disk', async () => {
  const dir = await newDir();
  const time = { ms: Date.now() };
  const store = createFileResultStore({ dir, now: () => time.ms, sweepMs: 0 });
  for (const [jobId, ttlMs] of [
    ['short', 1_000],
    ['long', 1e9],
  ] as const) {
    const writer = await store.create(jobId, { name: jobId, contentType: 'text/plain', ttlMs });
    await writer.write(jobId);
    await writer.finish();
  }
  const lost = await store.create('lost', { name: 'x', contentType: 'text/plain', ttlMs: 1 });
  await lost.write('half');
  await store.sweep();
  expect(await readdir(dir)).toHaveLength(5);
  time.ms += 60_000;
  await store.sweep();
  expect((await readdir(dir)).filter((file) => file.startsWith('short'))).toEqual([]);
  for (const file of await readdir(dir)) if (file.startsWith('lost')) await utimes(join(dir, file), 0, 0);
  await store.sweep();
  const left = await readdir(dir);
  expect(left).toHaveLength(2);
  expect(left.every((file) => file.startsWith('long'))).toBe(true);
  await lost.abort();
  await rm(dir, { recursive: true });
});

test('a job id that is no file name is no way out of the directory', async () => {
  const dir = await newDir();
  const store = createFileResultStore({ dir: join(dir, 'results'), sweepMs: 0 });
  const file = { name: 'x', contentType: 'text/plain', ttlMs: 1 };
  for (const jobId of ['../up', 'a/b', '', '.', 'x'.repeat(65)]) {
    await expect(store.create(jobId, file)).rejects.toMatchObject({ code: 'invalid' });
    expect(await store.open(jobId)).toBeUndefined();
  }
  await rm(dir, { recursive: true });
});

test.each([
  ['torn', '{"name":"x","contentT'],
  ['empty', ''],
  ['of another form', '{"data":"../../etc/passwd"}'],
])('a description that is %s is as good as gone: its job has no file, can write one, and the sweep takes it away', async (_, text) => {
  const dir = await newDir();
  const store = createFileResultStore({ dir, sweepMs: 0 });
  const file = { name: 'x', contentType: 'text/plain', ttlMs: 60_000 };
  await writeFile(join(dir, 'job.json'), text);
  await writeFile(join(dir, 'again.json'), text);
  expect(await store.open('job')).toBeUndefined();
  await (await store.create('again', file)).finish();
  expect(await store.open('again')).toMatchObject({ name: 'x' });
  await store.sweep();
  expect((await readdir(dir)).filter((name) => name.endsWith('.json'))).toEqual(['again.json']);
  await rm(dir, { recursive: true });
});

test('a file of which bytes are missing is gone, and not a broken download', async () => {
  const dir = await newDir();
  const store = createFileResultStore({ dir, sweepMs: 0 });
  const writer = await store.create('job', { name: 'x', contentType: 'text/plain', ttlMs: 60_000 });
  await writer.write('all of it');
  await writer.finish();
  const [data] = (await readdir(dir)).filter((name) => name.endsWith('.data'));
  await truncate(join(dir, data!), 3);
  expect(await store.open('job')).toBeUndefined();
  await rm(join(dir, data!));
  expect(await store.open('job')).toBeUndefined();
  await rm(dir, { recursive: true });
});

test('a disk that fills up refuses a result with storage_full before it is full, and takes one when that is aborted', async () => {
  const disk = await smallDisk(scope, 16);
  if (!disk) return console.warn('no small file system can be mounted here: the full disk is not tested');
  const store = createFileResultStore({ dir: join(disk.dir, 'results'), reserveBytes: 2 ** 40, sweepMs: 0 });
  const described = { name: 'x', contentType: 'text/plain', ttlMs: 1_000 };
  const writer = await store.create('large', described);
  expect(await writeUntilRefused(() => writer.write(Buffer.alloc(100_000)))).toEqual(REFUSED_AS_FULL);
  expect(disk.freeBytes()).toBeGreaterThan(1024 ** 2);
  await writeFile(join(disk.dir, 'others'), Buffer.alloc(disk.freeBytes() - 1024 ** 2));
  expect(await writeUntilRefused(() => store.create('next', described))).toEqual(REFUSED_AS_FULL);
  await writer.abort();
  const next = await store.create('next', described);
  await next.write('x');
  await next.finish();
  expect((await store.open('next'))?.bytes).toBe(1);
});
