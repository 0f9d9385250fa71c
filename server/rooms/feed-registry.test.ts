import { expect, test } from '@jest/globals';
import { createMemoryRoomLog } from '../log/memory-room-log.js';
import { FeedRegistry, LINGERING_FEEDS } from './feed-registry.js';

test('feeds that nobody uses linger, in a bounded number; those in use are not counted', async () => {
  const feeds = new FeedRegistry({
    log: createMemoryRoomLog(),
    lingerMs: 60_000,
    verifyMs: 0,
    recentEntries: 8,
    onRepair: () => undefined,
    onFault: (error) => expect(error).toBeUndefined(),
  });
  const used = await feeds.acquire('chat:used');
  for (let n = 0; n < LINGERING_FEEDS + 500; n++) (await feeds.acquire(`chat:${n}`)).release();
  expect(feeds.size).toBe(LINGERING_FEEDS + 1);
  // One that is used again is the one that lingered, and makes room for another.
  const again = await feeds.acquire('chat:0');
  (await feeds.acquire('chat:another')).release();
  again.release();
  used.release();
  expect(feeds.size).toBe(LINGERING_FEEDS);
  feeds.close();
  expect(feeds.size).toBe(0);
});
