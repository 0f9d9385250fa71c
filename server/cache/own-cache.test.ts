import { expect, test } from '@jest/globals';
import { createCache } from './layered-cache.js';
import { createMemoryCacheStore } from './memory-cache-store.js';
import { createOwnCache } from './own-cache.js';

test('keys and tags of the program meet neither the hub’s values nor what the cache notes of tags', async () => {
  const cache = createCache({ near: createMemoryCacheStore() });
  const own = createOwnCache(cache);
  const read = (from: typeof own, key: string, value: string) =>
    from.read(key, { ttlMs: 60_000, tags: ['rooms'], compute: async () => value });
  expect(await read(cache, 'rooms ', 'of the hub')).toBe('of the hub');
  expect(await read(own, 'rooms ', 'of the program')).toBe('of the program');
  expect(await own.read('tag:rooms', { ttlMs: 60_000, compute: async () => 'none' })).toBe('none');
  expect(await own.read('tag:own rooms', { ttlMs: 60_000, compute: async () => 'none' })).toBe('none');
  await own.invalidate('rooms');
  expect(await read(cache, 'rooms ', 'anew')).toBe('of the hub');
  expect(await read(own, 'rooms ', 'anew')).toBe('anew');
  await cache.close();
});
