import { expect, test } from '@jest/globals';
import { testScope } from '../../test/support/scope.js';
import { waitFor } from '../../test/support/wait.js';
import { assertSpace, DiskSpace, spaceOn } from './disk-space.js';

const scope = testScope();
const MIB = 1024 ** 2;
const RESERVE = 64 * MIB;
const FULL = expect.objectContaining({ code: 'storage_full' });

interface FakeDisk {
  bytes: number;
  free: number;
  looks: number;
}

async function watch({ bytes = 1024 * MIB, free = 512 * MIB, lookMs = 5 }: { bytes?: number; free?: number; lookMs?: number }) {
  const fake: FakeDisk = { bytes, free, looks: 0 };
  const told: boolean[] = [];
  const disk = new DiskSpace({
    dir: '/',
    reserveBytes: RESERVE,
    lookMs,
    onChange: ({ isLow }) => told.push(isLow),
    statfs: () => {
      fake.looks++;
      return { blocks: fake.bytes / 512, bavail: fake.free / 512, bsize: 512 };
    },
  });
  scope.defer(disk, () => disk.close());
  const looked = async () => {
    const from = fake.looks;
    await waitFor(() => fake.looks >= from + 2);
  };
  return { disk, fake, told, looked };
}

/** One that nothing but the test's own calls make look. */
const NEVER_MS = 2 ** 31 - 1;

test('new things are refused while less than the reserve is left, until half as much again is free, and each change is told once', async () => {
  const { disk, fake, told, looked } = await watch({});
  const store = disk.store();
  store.take(1_000);
  fake.free = RESERVE - 512;
  await waitFor(() => disk.state().isLow);
  expect(() => store.take(0)).toThrow(FULL);
  expect(() => store.take(1)).toThrow(FULL);
  fake.free = 1.5 * RESERVE - 512;
  await looked();
  expect(() => store.take(0)).toThrow(FULL);
  fake.free = 1.5 * RESERVE + MIB;
  await waitFor(() => !disk.state().isLow);
  store.take(1_000);
  expect(told).toEqual([true, false]);
});

test('what was handed to the stores since the last look counts, twice and a page more', async () => {
  const { disk, told } = await watch({ free: 2 * RESERVE, lookMs: NEVER_MS });
  const [one, other] = [disk.store(), disk.store()];
  one.take(RESERVE / 4);
  other.take(RESERVE / 8);
  other.take(RESERVE / 8 - 4_096 - 2_048);
  expect(() => one.take(0)).toThrow(FULL);
  expect(told).toEqual([true]);
});

test('a look sees nothing of what is still being written', async () => {
  const { disk, fake, looked } = await watch({ free: 2 * RESERVE });
  const store = disk.store();
  store.take(RESERVE / 4);
  await looked();
  expect(() => store.take(RESERVE / 4)).toThrow(FULL);
  store.release(RESERVE / 4);
  fake.free = 1.5 * RESERVE + MIB;
  await waitFor(() => !disk.state().isLow);
  store.take(RESERVE / 8);
});

test('changes may use half of the reserve, and deletions a quarter more', async () => {
  const { disk, fake } = await watch({ free: 0.75 * RESERVE });
  const store = disk.store();
  expect(() => store.take(0)).toThrow(FULL);
  expect(await store.during(MIB, async () => 'changed', 'change')).toBe('changed');
  await expect(store.during(RESERVE / 8, async () => 'too much', 'change')).rejects.toEqual(FULL);
  fake.free = 0.5 * RESERVE;
  await waitFor(() => disk.state().freeBytes === fake.free);
  await expect(store.during(0, async () => 'too much', 'change')).rejects.toEqual(FULL);
  expect([store.allows('new'), store.allows('change'), store.allows('delete')]).toEqual([false, true, true]);
  await store.during(MIB, async () => {}, 'delete');
  fake.free = 0.25 * RESERVE - 512;
  await waitFor(() => !store.allows('delete'));
  await expect(store.during(0, async () => 'too much', 'delete')).rejects.toEqual(FULL);
});

test('while little is left, new things go into what their own store has free, half of it, down to half of the reserve', async () => {
  const { disk, fake, looked } = await watch({ free: 0.75 * RESERVE });
  let spare = 0;
  const trimmed = disk.store(() => spare);
  const packed = disk.store();
  expect(() => trimmed.take(10_000)).toThrow(FULL);
  spare = 2 * (2 * 10_000 + 4_096);
  await looked();
  trimmed.take(10_000);
  trimmed.release(10_000);
  expect(() => packed.take(10_000)).toThrow(FULL);
  fake.free = 0.5 * RESERVE;
  await waitFor(() => disk.state().freeBytes === fake.free);
  expect(() => trimmed.take(10_000)).toThrow(FULL);
});

test('while little is left each write looks for itself: others may take that too, between two looks of the timer', async () => {
  const { disk, fake } = await watch({ free: 0.75 * RESERVE, lookMs: NEVER_MS });
  const store = disk.store(() => MIB);
  store.take(1_000);
  store.take(1_000, 'change');
  fake.free = 0;
  expect(() => store.take(1_000)).toThrow(FULL);
  expect(() => store.take(1_000, 'change')).toThrow(FULL);
  expect(store.allows('delete')).toBe(false);
  fake.free = 2 * RESERVE;
  store.take(1_000);
});

test('near to the reserve it is looked at without waiting for the timer', async () => {
  const { disk, fake } = await watch({ free: RESERVE + MIB, lookMs: NEVER_MS });
  const store = disk.store();
  const before = fake.looks;
  store.take(200_000);
  expect(fake.looks).toBe(before + 1);
});

test('of a small file system an eighth is kept free', async () => {
  const { disk } = await watch({ bytes: 16 * MIB, free: 8 * MIB });
  expect(disk.state()).toEqual({ freeBytes: 8 * MIB, reserveBytes: 2 * MIB, isLow: false });
});

test('a file system that cannot be looked at is as it was', async () => {
  let looks = 0;
  const found = { blocks: 1_000, bavail: 900, bsize: MIB };
  const statfs = () => {
    if (looks++ > 0) throw new Error('no answer');
    return found;
  };
  const disk = scope.defer(new DiskSpace({ dir: '/', reserveBytes: RESERVE, lookMs: 1, statfs }), (opened) => opened.close());
  const store = disk.store();
  await waitFor(() => looks > 2);
  store.take(MIB);
  expect(() => store.take(1_000 * MIB)).toThrow(FULL);
});

test('a store without a disk to watch takes everything', async () => {
  const space = spaceOn(undefined);
  space.take(Number.MAX_SAFE_INTEGER);
  space.release(Number.MAX_SAFE_INTEGER);
  expect(await space.during(1, async () => 'written')).toBe('written');
});

test('a writer of plain files is told when fewer bytes than the reserve would be left', async () => {
  await assertSpace('.', 1, 1);
  await expect(assertSpace('.', 1, Number.MAX_SAFE_INTEGER)).rejects.toEqual(FULL);
});
