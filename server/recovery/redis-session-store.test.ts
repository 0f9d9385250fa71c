import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startRedis, type TestRedis } from '../../test/support/redis.js';
import { openRedisLink, type RedisLink } from '../adapter/redis-link.js';
import { createRedisSessionStore } from './redis-session-store.js';
import { sessionStoreContract } from './session-store.contract.js';

const silent = { info() {}, warn() {}, error() {} };
let redis: TestRedis;
let link: RedisLink;
let worlds = 0;

beforeAll(async () => {
  redis = await startRedis();
  link = openRedisLink({ url: redis.url, log: silent });
  await link.whenUp();
});
afterAll(async () => {
  await link.close();
  await redis.stop();
});

sessionStoreContract(async () => createRedisSessionStore({ link, prefix: `rc${++worlds}` }));

test('a Redis that forgot a session does not get it back from its owner', async () => {
  const store = createRedisSessionStore({ link, prefix: `rc${++worlds}` });
  await store.open('p', 'one', { user: 'ada', text: 'x' }, 60_000);
  await link.run((client) => client.sendCommand(['FLUSHALL']));
  expect(await store.save('p', 'one', 'y', 60_000)).toBe(false);
});
