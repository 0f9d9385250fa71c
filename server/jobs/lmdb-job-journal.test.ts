import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryDir } from '../../test/support/files.js';
import { testScope } from '../../test/support/scope.js';
import { REFUSED_AS_FULL, smallDisk, writeUntilRefused } from '../../test/support/small-disk.js';
import { waitFor } from '../../test/support/wait.js';
import type { Job } from './job-machine.js';
import { openLmdbJobJournal } from './lmdb-job-journal.js';

const scope = testScope();
const job = (jobId: string, input: unknown) => ({ state: { jobId }, input }) as unknown as Job;

test('a disk that fills up refuses a job with storage_full, keeps those before, lets them end, and takes more when there is space', async () => {
  const disk = await smallDisk(scope, 16);
  if (!disk) return console.warn('no small file system can be mounted here: the full disk is not tested');
  const journal = scope.defer(openLmdbJobJournal(disk.dir, disk.space), (opened) => opened.close());
  const input = 'x'.repeat(50_000);
  let kept = 0;
  const submit = async () => {
    await journal.put(job(`j${String(kept).padStart(3, '0')}`, input));
    return ++kept;
  };
  expect(await writeUntilRefused(submit)).toEqual(REFUSED_AS_FULL);
  expect(journal.load()).toHaveLength(kept);
  const full = kept;
  await journal.put(job('j000', 'ended'));
  await journal.remove('j001');
  expect(journal.load().map((one) => (one as unknown as { input: string }).input)).toEqual(['ended', ...Array(full - 2).fill(input)]);
  disk.grow(32);
  expect(await waitFor(submit)).toBe(full + 1);
  expect(journal.load()).toHaveLength(full);
});

test('a journal that is closed rejects, and throws nothing into whoever does not wait', async () => {
  const journal = openLmdbJobJournal(await temporaryDir(scope));
  await journal.close();
  await expect(journal.put(job('late', 1))).rejects.toThrow();
  await expect(journal.remove('late')).rejects.toThrow();
});

test('a torn file is refused with one clear line', async () => {
  const dir = await temporaryDir(scope);
  const journal = openLmdbJobJournal(dir);
  for (let n = 0; n < 20; n++) await journal.put(job(`j${n}`, 'x'.repeat(20_000)));
  await journal.close();
  await truncate(join(dir, 'data.mdb'), 100_000);
  expect(() => openLmdbJobJournal(dir)).toThrow(/^the jobs in \S+ cannot be opened: data\.mdb is damaged: /);
});
