import { expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import { waitFor } from '../../test/support/wait.js';
import { createLatch } from '../latch.js';
import { LmdbCommits } from './lmdb-commits.js';
import { type WaitingAppend, WaitingAppends } from './lmdb-waiting-appends.js';
import type { Appended } from './room-log.js';

type Store = (batch: readonly WaitingAppend[]) => Promise<readonly (Appended | undefined)[]>;

/** Commits into `store`, what its waiters are told, and what else goes wrong. The first to be told throws. */
function open(store: Store) {
  let taken = 0;
  const appends = new WaitingAppends({ take: (bytes) => (taken += bytes), release: (bytes) => (taken -= bytes) });
  const faults: string[] = [];
  const commits = new LmdbCommits({
    ...{ appends, store, commitTimeoutMs: 30, gatherMs: 0, pauseMs: 0 },
    isDue: () => false,
    faultOf: async (error) => new HubError('storage_full', String(error)),
    onStored: () => {},
    onFault: (error, room) => faults.push(`${room} ${(error as Error).message}`),
  });
  const told: string[] = [];
  const tell = (outcome: string) => {
    told.push(outcome);
    if (told.length === 1) throw new Error('the first waiter');
  };
  const append = (id: string) => {
    const waiter = { appended: () => tell(`${id} stored`), refused: (error: unknown) => tell(`${id} ${(error as HubError).code}`) };
    appends.add({ room: 'chat:x', id, type: 'text', from: { id: 'u', name: 'U' }, data: null }, { messages: 0, ttlMs: 0 }, waiter);
    commits.begin();
  };
  return { commits, append, told, faults, taken: () => taken };
}

const storeAll: Store = async (batch) => batch.map((_, index) => ({ entry: { epoch: 'e', seq: index + 1, time: 0 }, repeated: false }));

test('what a waiter throws that is refused concerns no other, and the next commit comes', async () => {
  let isFull = true;
  const { commits, append, told, faults, taken } = open(async (batch) => {
    if (isFull) throw new Error('full');
    return storeAll(batch);
  });
  for (const id of ['a', 'b']) append(id);
  await commits.idle();
  expect(told).toEqual(['a storage_full', 'b storage_full']);
  expect(faults).toEqual(['undefined Error: full', 'chat:x the first waiter']);
  isFull = false;
  append('c');
  await commits.idle();
  expect(told.at(-1)).toBe('c stored');
  expect(taken()).toBe(0);
});

test('what a waiter throws concerns no other while the disk hangs, and each is told once', async () => {
  const disk = createLatch();
  let began = 0;
  const { commits, append, told, faults, taken } = open(async (batch) => {
    began++;
    await disk.opened;
    return storeAll(batch);
  });
  for (const id of ['a', 'b']) append(id);
  await waitFor(() => began === 1);
  append('behind');
  await waitFor(() => told.length === 3);
  expect(told).toEqual(['a timeout', 'b timeout', 'behind unavailable']);
  expect(commits.isStalled).toBe(true);
  disk.open();
  await commits.idle();
  expect(told).toHaveLength(3);
  expect(faults).toEqual(['chat:x the first waiter']);
  expect([commits.isStalled, taken(), began]).toEqual([false, 0, 1]);
});
