import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryDir } from '../../test/support/files.js';
import { testScope } from '../../test/support/scope.js';
import { smallDisk } from '../../test/support/small-disk.js';
import type { Job } from './job-machine.js';
import { openLmdbJobJournal } from './lmdb-job-journal.js';

const scope = testScope();
const job = (jobId: string, input: unknown) => ({ state: { jobId }, input }) as unknown as Job;

test('a full disk refuses a job with storage_full, keeps those before, and takes it when there is space', async () => {
  const disk = await smallDisk(scope, 1);
  if (!disk) return console.warn('no small file system can be mounted here: the full disk is not tested');
  const journal = scope.defer(openLmdbJobJournal(disk.dir), (opened) => opened.close());
  const input = 'x'.repeat(50_000);
  let kept = 0;
  const fill = async () => {
    for (; ; kept++) await journal.put(job(`j${String(kept).padStart(3, '0')}`, input));
  };
  await expect(fill()).rejects.toMatchObject({ code: 'storage_full' });
  expect(journal.load()).toHaveLength(kept);
  disk.grow(4);
  await journal.put(job('later', input));
  expect(journal.load()).toHaveLength(kept + 1);
});

test('a torn file is refused with one clear line', async () => {
  const dir = await temporaryDir(scope);
  const journal = openLmdbJobJournal(dir);
  for (let n = 0; n < 20; n++) await journal.put(job(`j${n}`, 'x'.repeat(20_000)));
  await journal.close();
  await truncate(join(dir, 'data.mdb'), 100_000);
  expect(() => openLmdbJobJournal(dir)).toThrow(/^the jobs in \S+ cannot be opened: data\.mdb is damaged: /);
});
