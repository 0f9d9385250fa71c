import { expect, test } from '@jest/globals';
import { cacheStoreContract, entryOf } from './cache-store.contract.js';
import { createMemoryCacheStore } from './memory-cache-store.js';

cacheStoreContract('memory', async () => {
  const store = createMemoryCacheStore();
  return { store, end: () => store.close() };
});

test('past its entries, the least recently used goes first', async () => {
  const store = createMemoryCacheStore({ maxEntries: 2 });
  await store.set('a', entryOf(1));
  await store.set('b', entryOf(2));
  await store.get('a');
  await store.set('c', entryOf(3));
  expect([await store.get('a'), await store.get('b'), await store.get('c')].map((entry) => entry?.value)).toEqual([1, undefined, 3]);
});

test('the bytes of all entries stay under the limit', async () => {
  const store = createMemoryCacheStore({ maxBytes: 10_000 });
  for (let i = 0; i < 20; i++) await store.set(`k${i}`, entryOf('x'.repeat(1_000)));
  const kept = (await Promise.all(Array.from({ length: 20 }, (_, i) => store.get(`k${i}`)))).filter(Boolean);
  expect(kept.length).toBeGreaterThan(5);
  expect(kept.length).toBeLessThan(10);
  const { entries, bytes } = store.held();
  expect(entries).toBe(kept.length);
  expect(bytes).toBeGreaterThan(1_000 * entries);
  expect(bytes).toBeLessThanOrEqual(10_000);
  await store.remove('k19');
  expect(store.held().entries).toBe(entries - 1);
});

test('bytes are counted, not letters', async () => {
  const store = createMemoryCacheStore({ entryMaxBytes: 1_500 });
  await store.set('latin', entryOf('x'.repeat(1_000)));
  await store.set('greek', entryOf('χ'.repeat(1_000)));
  expect([await store.get('latin'), await store.get('greek')]).toEqual([expect.anything(), undefined]);
});
