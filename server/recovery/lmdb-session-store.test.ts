import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { open as openLmdb } from 'lmdb';
import { storageDir } from '../../test/support/files.js';
import { testScope } from '../../test/support/scope.js';
import { REFUSED_AS_FULL, smallDisk, writeUntilRefused } from '../../test/support/small-disk.js';
import { waitFor } from '../../test/support/wait.js';
import { type LmdbSessionStoreOptions, openLmdbSessionStore } from './lmdb-session-store.js';
import { sessionStoreContract } from './session-store.contract.js';
import type { SessionStore } from './session-store.js';

const scope = testScope();
const LONG_MS = 60_000;

const open = (options: LmdbSessionStoreOptions): SessionStore => scope.defer(openLmdbSessionStore(options), (store) => store.close());

sessionStoreContract(async () => open({ dir: await storageDir(scope) }));

test('sessions are there after a restart, with what is left of their time', async () => {
  const dir = await storageDir(scope);
  let time = 1_700_000_000_000;
  const now = () => time;
  const first = open({ dir, now });
  await first.open('long', 'one', { user: 'ada', text: 'x' }, LONG_MS);
  await first.open('short', 'one', { user: 'ada', text: 'x' }, LONG_MS / 2);
  await first.open('removed', 'one', { user: 'ada', text: 'x' }, LONG_MS);
  await first.remove('removed', 'one');
  await first.close();
  time += LONG_MS / 2;
  const second = open({ dir, now });
  expect(await second.save('long', 'another', 'y', LONG_MS)).toBe(false);
  expect(await second.take('long', 'two', 'ada', LONG_MS)).toBe('x');
  expect(await second.take('short', 'two', 'ada', LONG_MS)).toBeUndefined();
  expect(await second.take('removed', 'two', 'ada', LONG_MS)).toBeUndefined();
});

test('sessions that ended leave the disk', async () => {
  const dir = await storageDir(scope);
  let time = 1_700_000_000_000;
  const store = open({ dir, now: () => time, maintenanceMs: 5 });
  await Promise.all(
    Array.from({ length: 1_500 }, (_, n) => store.open(`p${n}`, 'one', { user: 'ada', text: 'x' }, n === 7 ? LONG_MS : 10)),
  );
  time += 10;
  const reader = openLmdb({ path: dir, readOnly: true });
  scope.defer(reader, () => reader.close());
  await waitFor(() => {
    reader.resetReadTxn();
    return [...reader.getKeys()].join() === 'p7';
  });
});

test('a disk that fills up refuses what is to be written with storage_full, keeps what was, and takes it when there is space', async () => {
  const disk = await smallDisk(scope, 16);
  if (!disk) return console.warn('no small file system can be mounted here: the full disk is not tested');
  const store = open({ dir: disk.dir, disk: disk.space });
  const text = 'x'.repeat(20_000);
  let kept = 0;
  const begin = async () => {
    await store.open(`p${kept}`, 'one', { user: 'ada', text }, LONG_MS);
    return ++kept;
  };
  expect(await writeUntilRefused(begin)).toEqual(REFUSED_AS_FULL);
  expect(await store.save('p0', 'one', text, LONG_MS)).toBe(true);
  expect(await store.take(`p${kept}`, 'two', 'ada', LONG_MS)).toBeUndefined();
  for (let n = 0; n < kept; n++) expect(await store.take(`p${n}`, 'two', 'ada', LONG_MS)).toBe(text);
  disk.grow(32);
  await waitFor(begin);
  expect(await store.take(`p${kept - 1}`, 'two', 'ada', LONG_MS)).toBe(text);
});

test('a store that is closed rejects, and throws nothing into whoever does not wait', async () => {
  const store = openLmdbSessionStore({ dir: await storageDir(scope) });
  await store.close();
  await expect(store.open('late', 'one', { user: 'ada', text: '' }, LONG_MS)).rejects.toThrow();
  await expect(store.remove('late', 'one')).rejects.toThrow();
});

test('a file that is none is refused with one clear line', async () => {
  const dir = await storageDir(scope);
  await writeFile(join(dir, 'data.mdb'), 'x'.repeat(100_000));
  expect(() => openLmdbSessionStore({ dir })).toThrow(/^the sessions in \S+ cannot be opened: data\.mdb is damaged: /);
});
