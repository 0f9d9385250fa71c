import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SlowPolicy } from '../../shared/rooms.js';
import { waitFor } from '../../test/support/wait.js';
import { createMemoryRoomLog } from '../log/memory-room-log.js';
import type { RoomLog } from '../log/room-log.js';
import { Cursor } from './cursor.js';
import { LogReads } from './log-reads.js';
import { chooserOf } from './missed.js';
import { RoomFeed, repairRange } from './room-feed.js';

const ROOM = 'chat:x';
const RECENT_ENTRIES = 4;
const KEEP = { messages: 0, ttlMs: 0 };

const logs: RoomLog[] = [];
afterEach(async () => {
  for (const log of logs.splice(0)) await log.close();
});

interface Keyed {
  type?: string;
  key?: string;
}

/** A cursor that stands at the beginning of a room with these messages, and what its target hears. */
async function behind(messages: readonly Keyed[], keep = KEEP) {
  const log = createMemoryRoomLog();
  logs.push(log);
  const feed = new RoomFeed({
    room: ROOM,
    read: (after) => log.read(ROOM, repairRange(after)),
    recentEntries: RECENT_ENTRIES,
    onRepair: () => undefined,
    onFault: () => undefined,
  });
  await log.follow(ROOM, feed);
  feed.stand(await log.ends(ROOM));
  const publish = async ({ type = 'text', key }: Keyed) => {
    const message = { room: ROOM, id: crypto.randomUUID(), type, from: { id: 'u', name: 'u' }, data: { key } } as const;
    await log.append(message, keep);
  };
  for (const message of messages) await publish(message);
  const heard = { given: [] as number[], lags: [] as { behind: number; dropped: number }[], leftOut: 0, gaps: [] as number[] };
  let room = Number.POSITIVE_INFINITY;
  const cursor = new Cursor(
    feed,
    new LogReads(log),
    {
      entries: (batch) => {
        heard.given.push(...batch.map(({ seq }) => seq));
        room -= batch.length;
        return room > 0;
      },
      gap: ({ seq }) => heard.gaps.push(seq),
      lagging: (lag) => heard.lags.push(lag),
      leftOut: (entries) => {
        heard.leftOut += entries;
      },
    },
    { epoch: feed.epoch, seq: 0 },
  );
  const goOn = (policy: SlowPolicy, { most = 3, takes = Number.POSITIVE_INFINITY } = {}) => {
    room = takes;
    cursor.resume(chooserOf(policy, most));
  };
  return { cursor, heard, goOn, publish, isLive: () => waitFor(() => cursor.isLive) };
}

const texts = (count: number): Keyed[] => Array.from({ length: count }, () => ({}));

test.each<[SlowPolicy, number[], number]>([
  ['catch-up', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0],
  ['drop-oldest', [8, 9, 10], 7],
  ['sample', [2, 6, 10], 7],
  ['latest-per-key', [10], 9],
])('[P43] %s gives of ten missed messages %j, and then each that follows', async (policy, given, dropped) => {
  const { heard, goOn, publish, isLive } = await behind(texts(10));
  goOn(policy);
  await isLive();
  expect(heard).toEqual({ given, lags: [{ behind: 10, dropped }], leftOut: dropped, gaps: [] });
  await publish({});
  expect(heard.given.at(-1)).toBe(11);
});

test('[P43] the key of a message is its type, with the key of its data', async () => {
  const messages = [{ key: 'a' }, { key: 'b' }, { type: 'price', key: 'a' }, {}, { key: 'b' }, {}];
  const { heard, goOn, isLive } = await behind(messages);
  goOn('latest-per-key', { most: 10 });
  await isLive();
  expect(heard.given).toEqual([1, 3, 5, 6]);
});

test('[P43] of more keys than are given, those that spoke last are', async () => {
  const { heard, goOn, isLive } = await behind([{ key: 'a' }, { key: 'b' }, { key: 'c' }, { key: 'a' }, { key: 'd' }]);
  goOn('latest-per-key');
  await isLive();
  expect(heard.given).toEqual([3, 4, 5]);
});

test('a target that is full again within a choice gets the rest of it, and nothing is told twice', async () => {
  const { heard, goOn, isLive } = await behind(texts(100));
  goOn('sample', { most: 5, takes: 2 });
  await waitFor(() => heard.given.length === 2);
  goOn('sample', { most: 5 });
  await isLive();
  expect(heard).toEqual({ given: [20, 40, 60, 80, 100], lags: [{ behind: 100, dropped: 95 }], leftOut: 95, gaps: [] });
});

test('what comes while a choice is given is chosen from anew, with what is left of it', async () => {
  const { heard, goOn, publish, isLive } = await behind(texts(100));
  goOn('sample', { most: 5, takes: 2 });
  await waitFor(() => heard.given.length === 2);
  for (const message of texts(40)) await publish(message);
  goOn('sample', { most: 5 });
  await isLive();
  expect(heard.given).toEqual([20, 40, 60, 80, 100, 120, 140]);
  expect(heard.lags).toEqual([
    { behind: 100, dropped: 95 },
    { behind: 100, dropped: 95 },
  ]);
  expect(heard.leftOut).toBe(133);
});

test('what the log no longer has is told as a gap, also within a choice', async () => {
  const { heard, goOn, isLive } = await behind(texts(2_000), { messages: 100, ttlMs: 0 });
  goOn('sample', { most: 10 });
  await isLive();
  const [gap] = heard.gaps;
  expect(gap).toBeGreaterThan(0);
  expect(heard.gaps).toHaveLength(1);
  for (const seq of heard.given) expect(seq).toBeGreaterThan(gap!);
  expect(heard.given.at(-1)).toBe(2_000);
});

test('every policy that leaves messages out gives at most what it may, in order, the newest last', async () => {
  const policies = ['drop-oldest', 'sample', 'latest-per-key'] as const;
  const keys = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...policies), keys, fc.integer({ min: 1, max: 20 }), async (policy, spoken, most) => {
      const { heard, goOn, isLive } = await behind(spoken.map((key) => ({ key })));
      goOn(policy, { most });
      await isLive();
      expect(heard.given.length).toBeLessThanOrEqual(most);
      expect(heard.given).toEqual([...new Set(heard.given)].sort((a, b) => a - b));
      expect(heard.given.at(-1)).toBe(spoken.length);
      expect(heard.given.length + heard.leftOut).toBe(spoken.length);
      expect(heard.lags).toEqual([{ behind: spoken.length, dropped: heard.leftOut }]);
    }),
    { numRuns: 60 },
  );
});
