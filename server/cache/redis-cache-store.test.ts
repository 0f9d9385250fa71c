import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startRedis, type TestRedis } from '../../test/support/redis.js';
import { waitFor } from '../../test/support/wait.js';
import { openRedisLink } from '../adapter/redis-link.js';
import { createCache } from './cache.js';
import { cacheStoreContract, entryOf } from './cache-store.contract.js';
import { createMemoryCacheStore } from './memory-cache-store.js';
import { createRedisCacheStore } from './redis-cache-store.js';

const log = { info: () => {}, warn: () => {}, error: () => {} };
let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

let opened = 0;
async function open(prefix = `t${opened++}`, url = redis.url) {
  const link = openRedisLink({ url, log, commandTimeoutMs: 300 });
  await link.whenUp();
  const store = createRedisCacheStore({ link, prefix });
  return { store, link, end: () => link.close() };
}

cacheStoreContract('redis', () => open());

test('of a thousand askers on three instances one computes', async () => {
  const stores = await Promise.all([open('shared'), open('shared'), open('shared')]);
  const caches = stores.map(({ store }) => createCache({ near: createMemoryCacheStore(), far: store }));
  let computed = 0;
  const compute = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return ++computed;
  };
  const asked = Array.from({ length: 1_000 }, (_, i) => caches[i % 3]!.read('hot', { ttlMs: 60_000, compute }));
  expect(new Set(await Promise.all(asked))).toEqual(new Set([1]));
  await Promise.all([...caches.map((cache) => cache.close()), ...stores.map(({ end }) => end())]);
});

test('a Redis that is stopped costs no error, and is used again when it goes on', async () => {
  const own = await startRedis();
  const { store, end } = await open('p', own.url);
  try {
    await store.set('k', entryOf(1));
    own.kill('SIGSTOP');
    expect(await store.get('k')).toBeUndefined();
    expect(await store.claim('k', 'a', 1_000)).toBe(true);
    await store.set('k', entryOf(2));
    own.kill('SIGCONT');
    await waitFor(async () => (await store.get('k')) !== undefined, { timeoutMs: 15_000 });
  } finally {
    await end();
    await own.stop();
  }
});
