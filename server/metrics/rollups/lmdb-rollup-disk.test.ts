import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryDir } from '../../../test/support/files.js';
import { testScope } from '../../../test/support/scope.js';
import { REFUSED_AS_FULL, smallDisk, writeUntilRefused } from '../../../test/support/small-disk.js';
import { waitFor } from '../../../test/support/wait.js';
import type { DiskSpace } from '../../log/disk-space.js';
import { openLmdbRollupStore } from './lmdb-rollup-store.js';
import { rollupLevels } from './rollup-levels.js';
import type { RollupCommit, RollupStore } from './rollup-store.js';

const scope = testScope();
const ROOM = 'metrics:web-1';
const HOUR_MS = 3_600_000;
const open = (dir: string, disk?: DiskSpace): RollupStore =>
  openLmdbRollupStore({ dir, disk, levels: rollupLevels([HOUR_MS, HOUR_MS, HOUR_MS]) });

/** Commits chunks of 50 kB, `times` times. */
async function fill(store: RollupStore, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    const from = await store.mark(ROOM);
    const chunk = { stepMs: 1_000, start: Date.now() + n * 1_000, series: 's', bytes: Buffer.alloc(50_000, 1) };
    await store.commit(ROOM, { from, to: `${from ?? ''}.`, chunks: [chunk], names: [] } as unknown as RollupCommit);
  }
}

test('a disk that fills up refuses a commit with storage_full, which leaves nothing, and takes it when there is space', async () => {
  const disk = await smallDisk(scope, 16);
  if (!disk) return console.warn('no small file system can be mounted here: the full disk is not tested');
  const store = scope.defer(open(disk.dir, disk.space), (opened) => opened.close());
  let taken = 0;
  const commit = async () => {
    await fill(store, 1);
    return ++taken;
  };
  expect(await writeUntilRefused(commit)).toEqual(REFUSED_AS_FULL);
  expect(await store.mark(ROOM)).toBe('.'.repeat(taken));
  disk.grow(32);
  await waitFor(commit);
  expect(await store.mark(ROOM)).toBe('.'.repeat(taken));
});

test('a torn file is refused with one clear line', async () => {
  const dir = await temporaryDir(scope);
  const store = open(dir);
  await fill(store, 20);
  await store.close();
  await truncate(join(dir, 'data.mdb'), 100_000);
  expect(() => open(dir)).toThrow(/^the roll-ups in \S+ cannot be opened: data\.mdb is damaged: /);
});
