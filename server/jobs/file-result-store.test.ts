import { mkdtemp, readdir, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { testScope } from '../../test/support/scope.js';
import { REFUSED_AS_FULL, smallDisk, writeUntilRefused } from '../../test/support/small-disk.js';
import { createFileResultStore } from './file-result-store.js';
import { resultStoreContract } from './result-store.contract.js';

const scope = testScope();
const newDir = () => mkdtemp(join(tmpdir(), 'roomcast-results-'));

resultStoreContract('files', async (limits) => {
  const dir = await newDir();
  const [store, other] = [createFileResultStore({ dir, ...limits }), createFileResultStore({ dir, ...limits, sweepMs: 0 })];
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
    const writer = await store.create(jobId, { name: jobId, contentType: 'text/plain', ttlMs, holder: 'ann' });
    await writer.write(jobId);
    await writer.finish();
  }
  const lost = await store.create('lost', { name: 'x', contentType: 'text/plain', ttlMs: 1, holder: 'ann' });
  await lost.write('half');
  await store.sweep();
  expect(await readdir(dir)).toHaveLength(5);
  time.ms += 60_000;
  await store.sweep();
  expect((await readdir(dir)).filter((file) => file.startsWith('short'))).toEqual([]);
  const [part] = await readdir(join(dir, 'unfinished'));
  await utimes(join(dir, 'unfinished', part!), 0, 0);
  await store.sweep();
  const left = await readdir(dir);
  expect(left.filter((file) => file.startsWith('long'))).toHaveLength(2);
  expect(left).toHaveLength(3);
  expect(await readdir(join(dir, 'unfinished'))).toEqual([]);
  await lost.abort();
  await rm(dir, { recursive: true });
});

test('a job id that is no file name is no way out of the directory', async () => {
  const dir = await newDir();
  const store = createFileResultStore({ dir: join(dir, 'results'), sweepMs: 0 });
  const file = { name: 'x', contentType: 'text/plain', ttlMs: 1, holder: 'ann' };
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
  const file = { name: 'x', contentType: 'text/plain', ttlMs: 60_000, holder: 'ann' };
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
  const writer = await store.create('job', { name: 'x', contentType: 'text/plain', ttlMs: 60_000, holder: 'ann' });
  await writer.write('all of it');
  await writer.finish();
  const [data] = (await readdir(dir)).filter((name) => name.endsWith('.data'));
  await truncate(join(dir, data!), 3);
  expect(await store.open('job')).toBeUndefined();
  await rm(join(dir, data!));
  expect(await store.open('job')).toBeUndefined();
  await rm(dir, { recursive: true });
});

test('what another process writes counts within a second, and what is past its time no more when it was swept', async () => {
  const dir = await newDir();
  const time = { ms: Date.now() };
  const limits = { dir, bounds: { all: 100_000, perHolder: 50_000 }, sweepMs: 0, now: () => time.ms };
  const [store, other] = [createFileResultStore(limits), createFileResultStore(limits)];
  const file = { name: 'x', contentType: 'text/plain', ttlMs: 60_000, holder: 'ann' };
  const unfinished = await store.create('a', file);
  const writer = await other.create('b', file);
  await writer.write(Buffer.alloc(40_000));
  await writer.finish();
  time.ms += 1_000;
  const refused = await store.create('c', file).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'storage_full', message: expect.stringContaining('one user') });
  time.ms += 60_000;
  await store.sweep();
  await store.dropUnfinished!('a');
  const third = await store.create('c', file);
  await third.write(Buffer.alloc(45_000));
  await Promise.all([unfinished.abort(), third.abort()]);
  await rm(dir, { recursive: true });
});

test('threads that write at the same moment pass a bound by a mebibyte and a piece each at most', async () => {
  const dir = await newDir();
  const all = 6 * 1024 ** 2;
  const threads = Array.from({ length: 4 }, () =>
    createFileResultStore({ dir, bounds: { all, perHolder: all }, sweepMs: 0, now: () => 0 }),
  );
  const file = { name: 'x', contentType: 'text/plain', ttlMs: 60_000, holder: 'ann' };
  const writers = await Promise.all(threads.map((store, n) => store.create(`job${n}`, file)));
  // As large as a handler may hand it over: it is written in pieces.
  const writing = await Promise.allSettled(writers.map((writer) => writer.write(Buffer.alloc(8 * 1024 ** 2))));
  expect(writing.map((one) => one.status === 'rejected' && one.reason)).toEqual(
    threads.map(() => expect.objectContaining({ code: 'storage_full' })),
  );
  const parts = await readdir(join(dir, 'unfinished'));
  const sizes = await Promise.all(parts.map(async (name) => (await stat(join(dir, 'unfinished', name))).size));
  const written = sizes.reduce((sum, size) => sum + size, 0);
  expect(written).toBeGreaterThan(all / 2);
  expect(written).toBeLessThanOrEqual(all + threads.length * 1.25 * 1024 ** 2);
  await Promise.all(writers.map((writer) => writer.abort()));
  await rm(dir, { recursive: true });
});

test('what a run that was cut off has written is dropped by the id of its job alone, and takes no room', async () => {
  const dir = await newDir();
  const store = createFileResultStore({ dir, bounds: { all: 100_000, perHolder: 100_000 }, sweepMs: 0 });
  const file = { name: 'x', contentType: 'text/plain', ttlMs: 60_000, holder: 'ann' };
  const writers = [await store.create('a', file), await store.create('a-b', file)];
  for (const writer of writers) await writer.write(Buffer.alloc(40_000));
  await store.dropUnfinished!('a');
  expect(await readdir(join(dir, 'unfinished'))).toEqual([expect.stringMatching(/^a-b-/)]);
  writers.push(await store.create('c', file));
  await writers[2]!.write(Buffer.alloc(40_000));
  await Promise.all(writers.map((writer) => writer.abort()));
  await rm(dir, { recursive: true });
});

test('a disk that fills up refuses a result with storage_full before it is full, and takes one when that is aborted', async () => {
  const disk = await smallDisk(scope, 16);
  if (!disk) return console.warn('no small file system can be mounted here: the full disk is not tested');
  const store = createFileResultStore({ dir: join(disk.dir, 'results'), reserveBytes: 2 ** 40, sweepMs: 0 });
  const described = { name: 'x', contentType: 'text/plain', ttlMs: 1_000, holder: 'ann' };
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
