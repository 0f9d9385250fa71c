import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createClient } from 'redis';
import { startRedis, type TestRedis } from '../../test/support/redis.js';
import { waitFor } from '../../test/support/wait.js';
import { createRedisSharedLimits, type LimitsConnection } from './redis-shared-limits.js';
import { CONTRACT_RATES, sharedLimitsContract } from './shared-limits.contract.js';

let redis: TestRedis;
let connection: LimitsConnection & { close(): void };
let worlds = 0;

async function connect(url: string): Promise<typeof connection> {
  const client = createClient({ url, disableOfflineQueue: true });
  client.on('error', () => {});
  await client.connect();
  return { ready: () => client.isReady, run: (work) => work(client), close: () => client.destroy() };
}
beforeAll(async () => {
  redis = await startRedis();
  connection = await connect(redis.url);
});
afterAll(async () => {
  connection.close();
  await redis.stop();
});

const instanceOf = (world: number, instance: string, leaseMs = 60_000) =>
  createRedisSharedLimits({ connection, prefix: `rc${world}`, instance, rates: CONTRACT_RATES, leaseMs });

sharedLimitsContract(async () => instanceOf(++worlds, 'one'));

test('instances count together', async () => {
  const world = ++worlds;
  const [one, two] = [instanceOf(world, 'one'), instanceOf(world, 'two')];
  expect(await one.spend('publishes', 'ada', 6)).toBe(0);
  expect(await two.spend('publishes', 'ada', 6)).toBeGreaterThan(0);
  expect(await one.spend('publishes', 'ada', 1)).toBeGreaterThan(0);
});

test('an instance hears of the connections that others have, until they say otherwise', async () => {
  const world = ++worlds;
  const [one, two, three] = [instanceOf(world, 'one'), instanceOf(world, 'two'), instanceOf(world, 'three')];
  await one.connections('10.0.0.1', 5);
  await two.connections('10.0.0.1', 7);
  expect(await three.connections('10.0.0.1', 1)).toBe(12);
  await two.connections('10.0.0.1', 0);
  expect(await three.connections('10.0.0.1', 1)).toBe(5);
  expect(await one.connections('10.0.0.1', 6)).toBe(1);
  expect(await one.connections('10.0.0.2', 6)).toBe(0);
});

test("an instance that died takes its connections' count with it", async () => {
  const world = ++worlds;
  const dead = instanceOf(world, 'dead', 100);
  const alive = instanceOf(world, 'alive');
  await dead.connections('10.0.0.1', 5);
  await alive.connections('10.0.0.1', 1);
  await waitFor(async () => (await alive.connections('10.0.0.1', 1)) === 0);
});

test('with Redis away each instance counts for itself, and nothing rejects', async () => {
  const own = await startRedis();
  const link = await connect(own.url);
  const limits = createRedisSharedLimits({ connection: link, prefix: 'rc', instance: 'one', rates: CONTRACT_RATES });
  await own.stop();
  await waitFor(() => !link.ready());
  expect(await limits.spend('publishes', 'ada', 10)).toBe(0);
  expect(await limits.spend('publishes', 'ada', 1)).toBeGreaterThan(0);
  expect(await limits.connections('10.0.0.1', 5)).toBe(0);
  link.close();
});
