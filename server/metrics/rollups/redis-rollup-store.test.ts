import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startRedis, type TestRedis } from '../../../test/support/redis.js';
import { openRedisLink, type RedisLink } from '../../adapter/redis-link.js';
import { createRedisRollupStore } from './redis-rollup-store.js';
import { CONTRACT_LEVELS as levels, rollupStoreContract, CONTRACT_START as START } from './rollup-store.contract.js';

const silent = { info() {}, warn() {}, error() {} };
let redis: TestRedis;
let links: RedisLink[];
let worlds = 0;

beforeAll(async () => {
  redis = await startRedis();
  links = [1, 2].map(() => openRedisLink({ url: redis.url, log: silent }));
  await Promise.all(links.map((link) => link.whenUp()));
});
afterAll(async () => {
  await Promise.all(links.map((link) => link.close()));
  await redis.stop();
});

const open = (link: RedisLink, prefix = `rc${++worlds}`) => createRedisRollupStore({ link, prefix, levels, now: () => START });

rollupStoreContract(async () => {
  const prefix = `rc${++worlds}`;
  return [open(links[0]!, prefix), open(links[1]!, prefix)];
});

test('Redis ends each key by itself: chunks by their level, mark and names by the longest', async () => {
  const prefix = `rc${++worlds}`;
  const chunks = [1_000, 60_000].map((stepMs) => ({ stepMs, start: START, series: 'x', bytes: Buffer.from('x') }));
  await open(links[0]!, prefix).commit('metrics:a', { from: undefined, to: 'e:1', chunks, names: [{ series: 'x', until: START }] });
  const ttlOf = (key: string) => links[0]!.run((client) => client.pTTL(`${prefix}:{metrics:a}:rollup:${key}`));
  const ttls = await Promise.all([`1000:${START}`, `60000:${START}`, 'mark', 'names'].map(ttlOf));
  const wanted = [15_000 + 60_000, 900_000 + 3_600_000, 3_600_000, 3_600_000];
  for (const [i, ttl] of ttls.entries()) {
    expect(ttl).toBeGreaterThan(wanted[i]! - 30_000);
    expect(ttl).toBeLessThanOrEqual(wanted[i]!);
  }
});
