import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startRedis, type TestRedis } from '../../test/support/redis.js';
import { waitFor } from '../../test/support/wait.js';
import { openRedisLink } from '../adapter/redis-link.js';
import { cacheStoreContract, entryOf } from './cache-store.contract.js';
import { createCache } from './layered-cache.js';
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

test('of 3 instances x 1000 askers one computes', async () => {
  const stores = await Promise.all([open('shared'), open('shared'), open('shared')]);
  const caches = stores.map(({ store }) => createCache({ near: createMemoryCacheStore(), far: store }));
  let computed = 0;
  const compute = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return ++computed;
  };
  const asked = Array.from({ length: 3_000 }, (_, i) => caches[i % 3]!.read('hot', { ttlMs: 60_000, compute }));
  expect(new Set(await Promise.all(asked))).toEqual(new Set([1]));
  await Promise.all([...caches.map((cache) => cache.close()), ...stores.map(({ end }) => end())]);
});

test('a tag invalidated on one instance makes the value unusable on all that have no copy', async () => {
  const stores = await Promise.all([open('tags'), open('tags'), open('tags')]);
  const [here, there, third] = stores.map(({ store }) => createCache({ near: createMemoryCacheStore(), far: store }));
  let computed = 0;
  const read = { ttlMs: 60_000, tags: ['room:chat:x'], compute: async () => ++computed };
  expect([await here!.read('k', read), await there!.read('k', read)]).toEqual([1, 1]);
  await here!.invalidate('room:chat:x');
  expect([await third!.read('k', read), await here!.read('k', read)]).toEqual([2, 2]);
  await Promise.all(stores.map(({ end }) => end()));
});

test('entries and claims end by themselves in Redis', async () => {
  const { store, link, end } = await open('lives');
  await store.set('k', entryOf(1));
  await store.claim('k', 'o', 60_000);
  const lives = await link.run(async (client) => Promise.all((await client.keys('lives:*')).map((key) => client.pTTL(key))));
  expect(lives).toHaveLength(2);
  for (const lifeMs of lives) expect(lifeMs).toBeGreaterThan(0);
  await end();
});

test('with Redis killed, readers compute for themselves, without an error', async () => {
  const own = await startRedis();
  const { store, end } = await open('killed', own.url);
  const cache = createCache({ near: createMemoryCacheStore(), far: store });
  await own.kill('SIGKILL');
  let computed = 0;
  const asked = Array.from({ length: 100 }, (_, n) => cache.read(`k${n % 10}`, { ttlMs: 60_000, compute: async () => ++computed }));
  expect(new Set(await Promise.all(asked)).size).toBe(10);
  await end();
  await own.stop();
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

test.each(['', 'no JSON', 'null', '7', '{}', '[]'])('what something else stored under a key is nothing: %p', async (text) => {
  const { store, link, end } = await open();
  const prefix = `t${opened - 1}`;
  await link.run((client) => client.set(`${prefix}:cache:k`, text));
  expect(await store.get('k')).toBeUndefined();
  await end();
});
