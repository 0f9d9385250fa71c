import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startRedis, type TestRedis } from '../../test/support/redis.js';
import { openRedisLink, type RedisLink } from '../adapter/redis-link.js';
import { createRedisResultStore } from './redis-result-store.js';
import { bytesOf, resultStoreContract } from './result-store.contract.js';

const quiet = { info() {}, warn() {}, error() {} };
let redis: TestRedis;
let links: RedisLink[];
beforeAll(async () => {
  redis = await startRedis();
  links = [1, 2].map(() => openRedisLink({ url: redis.url, log: quiet }));
  await Promise.all(links.map((link) => link.whenUp()));
});
afterAll(async () => {
  await Promise.all(links.map((link) => link.close()));
  await redis.stop();
});

let prefixes = 0;
resultStoreContract('redis', async (limits) => {
  const prefix = `t${++prefixes}`;
  const [store, other] = links.map((link) => createRedisResultStore({ link, prefix, ...limits }));
  return { store: store!, other: other!, end: async () => {} };
});

test('everything in Redis ends by itself, and an older run at once', async () => {
  const [link] = links;
  const store = createRedisResultStore({ link: link!, prefix: 'ends' });
  for (const text of ['first', 'second', 'third']) {
    const writer = await store.create('j', { name: 'x', contentType: 'text/plain', ttlMs: 60_000, holder: 'ann' });
    await writer.write(text);
    await writer.finish();
  }
  const unfinished = await store.create('u', { name: 'x', contentType: 'text/plain', ttlMs: 60_000, holder: 'ann' });
  await unfinished.write('x'.repeat(300_000));
  const keys = await link!.run((client) => client.keys('ends*'));
  const lives = await link!.run((client) => Promise.all(keys.map((key) => client.pTTL(key))));
  expect(keys.filter((key) => !key.includes(':results:'))).toHaveLength(3);
  for (const lifeMs of lives) expect(lifeMs).toBeGreaterThan(0);
  expect((await bytesOf((await store.open('j'))!)).toString()).toBe('third');
});

test('files that Redis has forgotten take no room', async () => {
  const [link] = links;
  const bounds = { all: 1_000_000, perHolder: 300_000 };
  const store = createRedisResultStore({ link: link!, prefix: 'over', bounds });
  const put = async (jobId: string) => {
    const writer = await store.create(jobId, { name: 'x', contentType: 'text/plain', ttlMs: 60_000, holder: 'ann' });
    await writer.write(randomBytes(200_000));
    await writer.finish();
  };
  await put('first');
  await expect(put('second')).rejects.toMatchObject({ code: 'storage_full' });
  await link!.run(async (client) => {
    for (const file of await client.zRange('over:{jobs}:results:ends', 0, -1))
      await client.zAdd('over:{jobs}:results:ends', { score: 1, value: file });
  });
  await put('third');
  expect(await link!.run((client) => client.zCard('over:{jobs}:results:ends'))).toBe(1);
});

test('text takes a part of its bytes', async () => {
  const [link] = links;
  const store = createRedisResultStore({ link: link!, prefix: 'small', maxBytes: 100_000 });
  const writer = await store.create('j', { name: 'x', contentType: 'text/plain', ttlMs: 60_000, holder: 'ann' });
  for (let n = 0; n < 20_000; n++) await writer.write(`{"n":${n},"text":"the same again and again"}\n`);
  expect((await writer.finish()).bytes).toBeGreaterThan(700_000);
});
