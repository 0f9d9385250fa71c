import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { open as openLmdb } from 'lmdb';
import { waitFor } from '../../../test/support/wait.js';
import { type LmdbRollupOptions, openLmdbRollupStore } from './lmdb-rollup-store.js';
import { CONTRACT_LEVELS as levels, rollupStoreContract, CONTRACT_START as START } from './rollup-store.contract.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function newDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'roomcast-rollups-'));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function open(options: Partial<LmdbRollupOptions> = {}) {
  const store = openLmdbRollupStore({ dir: newDir(), levels, now: () => START, ...options });
  cleanups.push(() => store.close());
  return store;
}

rollupStoreContract(async () => {
  const store = open();
  return [store, store];
});

const ROOM = 'metrics:a';
const REFS = [1_000, 60_000].map((stepMs) => ({ stepMs, start: START, series: 'x' }));
const FIRST = {
  from: undefined,
  to: 'e:1',
  chunks: REFS.map((ref) => ({ ...ref, bytes: Buffer.from('x') })),
  names: [{ series: 'x', until: START + 1_000 }],
};

test('all of it is there after the directory was closed and opened again', async () => {
  const dir = newDir();
  const first = open({ dir });
  await first.commit(ROOM, FIRST);
  await first.close();
  const second = open({ dir });
  expect(await second.read(ROOM, REFS)).toEqual({ mark: 'e:1', chunks: [Buffer.from('x'), Buffer.from('x')] });
  expect(await second.series(ROOM, 0)).toEqual(['x']);
  await expect(first.mark(ROOM)).rejects.toMatchObject({ code: 'unavailable' });
});

test('after a restart a new room is taken among more rooms than a call has arguments', async () => {
  const dir = newDir();
  const root = openLmdb({ path: dir, noSubdir: false });
  const heads = root.openDB({ name: 'heads' });
  await root.batch(() => {
    for (let n = 1; n <= 150_000; n++) void heads.put(`metrics:${n}`, { n, mark: 'e:1', time: START });
  });
  await root.close();
  expect(await open({ dir }).commit(ROOM, FIRST)).toBe(true);
});

test('what is too old goes with the next commit, and of rooms that nobody writes to by itself', async () => {
  let now = START;
  const store = open({ now: () => now, maintenanceMs: 20 });
  const texts = async () => (await store.read(ROOM, REFS)).chunks.map((bytes) => bytes?.toString());
  await store.commit(ROOM, FIRST);
  now += 60_000 + 15_001;
  await store.commit(ROOM, { from: 'e:1', to: 'e:2', chunks: [], names: [] });
  expect(await texts()).toEqual([undefined, 'x']);
  now += 2 * 3_600_000;
  await waitFor(async () => (await store.mark(ROOM)) === undefined);
  expect(await texts()).toEqual([undefined, undefined]);
  expect(await store.series(ROOM, 0)).toEqual([]);
});
