import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { open as openLmdb } from 'lmdb';
import { temporaryDir } from '../../test/support/files.js';
import { testScope } from '../../test/support/scope.js';
import { smallDisk } from '../../test/support/small-disk.js';
import { waitFor } from '../../test/support/wait.js';
import { type LmdbSessionStoreOptions, openLmdbSessionStore } from './lmdb-session-store.js';
import { sessionStoreContract } from './session-store.contract.js';
import type { SessionStore } from './session-store.js';

const scope = testScope();
const LONG_MS = 60_000;

const open = (options: LmdbSessionStoreOptions): SessionStore => scope.defer(openLmdbSessionStore(options), (store) => store.close());

sessionStoreContract(async () => open({ dir: await temporaryDir(scope) }));

test('sessions are there after a restart, with what is left of their time', async () => {
  const dir = await temporaryDir(scope);
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
  const dir = await temporaryDir(scope);
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

test('a full disk refuses what is to be written with storage_full, keeps what was, and takes it when there is space', async () => {
  const disk = await smallDisk(scope, 1);
  if (!disk) return console.warn('no small file system can be mounted here: the full disk is not tested');
  const store = open({ dir: disk.dir });
  const text = 'x'.repeat(20_000);
  let kept = 0;
  const fill = async () => {
    for (;;) await store.open(`p${kept++}`, 'one', { user: 'ada', text }, LONG_MS);
  };
  await expect(fill()).rejects.toMatchObject({ code: 'storage_full' });
  await expect(store.save('p0', 'one', text + text, LONG_MS)).rejects.toMatchObject({ code: 'storage_full' });
  disk.grow(8);
  expect(await store.take('p0', 'two', 'ada', LONG_MS)).toBe(text);
  expect(await store.take(`p${kept - 1}`, 'two', 'ada', LONG_MS)).toBeUndefined();
});

test('a file that is none is refused with one clear line', async () => {
  const dir = await temporaryDir(scope);
  await writeFile(join(dir, 'data.mdb'), 'x'.repeat(100_000));
  expect(() => openLmdbSessionStore({ dir })).toThrow(/^the sessions in \S+ cannot be opened: data\.mdb is damaged: /);
});
