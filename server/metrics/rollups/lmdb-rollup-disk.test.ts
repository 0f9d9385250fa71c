import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryDir } from '../../../test/support/files.js';
import { testScope } from '../../../test/support/scope.js';
import { smallDisk } from '../../../test/support/small-disk.js';
import { openLmdbRollupStore } from './lmdb-rollup-store.js';
import { rollupLevels } from './rollup-levels.js';
import type { RollupCommit, RollupStore } from './rollup-store.js';

const scope = testScope();
const ROOM = 'metrics:web-1';
const HOUR_MS = 3_600_000;
const open = (dir: string): RollupStore => openLmdbRollupStore({ dir, levels: rollupLevels([HOUR_MS, HOUR_MS, HOUR_MS]) });

/** Commits chunks of 50 kB, `times` times. */
async function fill(store: RollupStore, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    const from = await store.mark(ROOM);
    const chunk = { stepMs: 1_000, start: Date.now() + n * 1_000, series: 's', bytes: Buffer.alloc(50_000, 1) };
    await store.commit(ROOM, { from, to: `${from ?? ''}.`, chunks: [chunk], names: [] } as unknown as RollupCommit);
  }
}

test('a full disk refuses a commit with storage_full, which leaves nothing, and takes it when there is space', async () => {
  const disk = await smallDisk(scope, 1);
  if (!disk) return console.warn('no small file system can be mounted here: the full disk is not tested');
  const store = scope.defer(open(disk.dir), (opened) => opened.close());
  await expect(fill(store, 100)).rejects.toMatchObject({ code: 'storage_full' });
  const before = await store.mark(ROOM);
  disk.grow(8);
  await fill(store, 1);
  expect(await store.mark(ROOM)).toBe(`${before}.`);
});

test('a torn file is refused with one clear line', async () => {
  const dir = await temporaryDir(scope);
  const store = open(dir);
  await fill(store, 20);
  await store.close();
  await truncate(join(dir, 'data.mdb'), 100_000);
  expect(() => open(dir)).toThrow(/^the roll-ups in \S+ cannot be opened: data\.mdb is damaged: /);
});
