import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { User } from '../../shared/protocol.js';
import { startRedis, type TestRedis } from '../../test/support/redis.js';
import { waitFor } from '../../test/support/wait.js';
import { openRedisLink, type RedisLink } from '../adapter/redis-link.js';
import { presenceStoreContract } from './presence-store.contract.js';
import type { PresenceChange, PresenceStore } from './presence-store.js';
import { createRedisPresenceStore, type RedisPresenceOptions } from './redis-presence-store.js';

const log = { info() {}, warn() {}, error() {} };
const ROOM = 'chat:lobby';
const user = (id: string): User => ({ id, name: id.toUpperCase() });

let redis: TestRedis;
let worlds = 0;
const open: { store: PresenceStore; link: RedisLink }[] = [];
beforeAll(async () => {
  redis = await startRedis();
});
afterEach(async () => {
  for (const { store, link } of open.splice(0)) {
    await store.close();
    await link.close();
  }
});
afterAll(() => redis.stop());

async function node(options: Partial<RedisPresenceOptions> & { url?: string } = {}): Promise<{ store: PresenceStore; link: RedisLink }> {
  const { url = redis.url, ...rest } = options;
  const link = openRedisLink({ url, log, commandTimeoutMs: 500, probeIntervalMs: 200 });
  await link.whenUp();
  const defaults = { prefix: `test${worlds}`, nodeId: `node${open.length}`, leaseMs: 60_000, graceMs: 0, coalesceMs: 0 };
  const opened = { store: createRedisPresenceStore({ ...defaults, ...rest, link }), link };
  open.push(opened);
  return opened;
}

presenceStoreContract('redis', async (options) => {
  worlds++;
  const nodes = await Promise.all([node({ ...options, leaseMs: 3_600_000 }), node({ ...options, leaseMs: 3_600_000 })]);
  return { nodes: nodes.map(({ store }) => store), close: async () => {} };
});

const ids = async ({ store }: { store: PresenceStore }) => (await store.list(ROOM, { limit: 100 })).users.map(({ id }) => id);
const join = ({ store }: { store: PresenceStore }, id: string) => store.join(ROOM, { user: user(id), connection: id });
const leave = ({ store }: { store: PresenceStore }, id: string) => store.leave(ROOM, { user: user(id), connection: id });
const shows = (seen: { store: PresenceStore }, ...expected: string[]) =>
  waitFor(async () => {
    expect(await ids(seen)).toEqual(expected);
    return true;
  });
async function roster(seen: { store: PresenceStore }): Promise<{ present: Set<string>; changes: PresenceChange[] }> {
  const present = new Set(await ids(seen));
  const changes: PresenceChange[] = [];
  await seen.store.follow(ROOM, (change) => {
    changes.push(change);
    for (const { id } of change.left) present.delete(id);
    for (const { id } of change.joined) present.add(id);
  });
  return { present, changes };
}

test('an instance that died takes its members with it, but not those that another instance holds too', async () => {
  worlds++;
  const alive = await node({ leaseMs: 1_000 });
  const dying = await node({ leaseMs: 1_000 });
  join(dying, 'ada');
  join(dying, 'bob');
  join(alive, 'bob');
  await shows(alive, 'ada', 'bob');
  const { changes } = await roster(alive);
  await dying.link.close();
  await waitFor(() => changes.length > 0);
  expect(changes).toEqual([{ joined: [], left: [user('ada')], count: 1 }]);
  expect(await ids(alive)).toEqual(['bob']);
  const left = await alive.link.run((client) => client.keys(`test${worlds}:*`));
  await waitFor(async () => (await alive.link.run((client) => client.zCard(`test${worlds}:presence:instances`))) === 1);
  expect(left.filter((key) => key.includes(':held:'))).toHaveLength(1);
});

test('an instance that stops leaves its users in place for the grace time', async () => {
  worlds++;
  const first = await node({ graceMs: 500 });
  const second = await node({ leaseMs: 600, graceMs: 500 });
  join(first, 'ada');
  join(first, 'bob');
  await shows(second, 'ada', 'bob');
  const { changes } = await roster(second);
  await first.store.close();
  join(second, 'ada');
  await waitFor(() => changes.length > 0);
  expect(changes).toEqual([{ joined: [], left: [user('bob')], count: 1 }]);
});

test('a Redis that was emptied has the members of every instance again', async () => {
  worlds++;
  const nodes = [await node({ leaseMs: 600 }), await node({ leaseMs: 600 })] as const;
  join(nodes[0], 'ada');
  join(nodes[1], 'bob');
  await shows(nodes[0], 'ada', 'bob');
  await nodes[0].link.run((client) => client.flushAll());
  await shows(nodes[0], 'ada', 'bob');
  leave(nodes[1], 'bob');
  join(nodes[0], 'cleo');
  await shows(nodes[1], 'ada', 'cleo');
});

test('an instance that was taken for dead has its members back once it is seen again', async () => {
  worlds++;
  const [sweeper, stopped] = [await node({ leaseMs: 600 }), await node({ leaseMs: 600 })];
  join(stopped, 'ada');
  await shows(sweeper, 'ada');
  // As if it had stood still for longer than its lease.
  await sweeper.link.run(async (client) => {
    const instances = await client.zRange(`test${worlds}:presence:instances`, 0, -1);
    for (const name of instances) await client.zAdd(`test${worlds}:presence:instances`, { score: 1, value: name });
  });
  await shows(sweeper, 'ada');
  join(stopped, 'bob');
  await shows(sweeper, 'ada', 'bob');
  await waitFor(async () => (await sweeper.link.run((client) => client.zCard(`test${worlds}:presence:instances`))) === 2);
  await shows(sweeper, 'ada', 'bob');
});

test('while Redis is away joining and leaving go on, listing is refused; when it is back all is as it should be', async () => {
  worlds++;
  const own = await startRedis();
  const nodes = [await node({ url: own.url, leaseMs: 1_000 }), await node({ url: own.url, leaseMs: 1_000 })] as const;
  join(nodes[0], 'ada');
  join(nodes[0], 'bob');
  join(nodes[1], 'cleo');
  await shows(nodes[1], 'ada', 'bob', 'cleo');
  const seen = await roster(nodes[1]);
  await own.kill('SIGKILL');
  await waitFor(() => !nodes[0].link.ready() && !nodes[1].link.ready());
  await expect(nodes[0].store.list(ROOM, { limit: 1 })).rejects.toMatchObject({ code: 'unavailable' });
  await expect(nodes[0].store.follow(ROOM, () => {})).rejects.toMatchObject({ code: 'unavailable' });
  leave(nodes[0], 'ada');
  join(nodes[0], 'dora');
  const back = await startRedis({ port: own.port, dir: own.dir });
  for (const each of nodes) await shows(each, 'bob', 'cleo', 'dora');
  await waitFor(() => expect([...seen.present].sort()).toEqual(['bob', 'cleo', 'dora']) === undefined);
  join(nodes[0], 'eve');
  await waitFor(() => seen.present.has('eve'));
  await back.stop();
  await own.stop();
});

test('a Redis that came back with what it knew shows nobody who left meanwhile', async () => {
  worlds++;
  const args = ['--appendonly', 'yes', '--appendfsync', 'always'];
  const own = await startRedis({ args });
  const only = await node({ url: own.url });
  await node({ url: own.url, leaseMs: 600 });
  join(only, 'ada');
  join(only, 'bob');
  await shows(only, 'ada', 'bob');
  await own.kill('SIGKILL');
  await waitFor(() => !only.link.ready());
  leave(only, 'ada');
  const back = await startRedis({ port: own.port, dir: own.dir, args });
  await shows(only, 'bob');
  await back.stop();
  await own.stop();
});

test('a Redis that came back older than it was has the members that it lost', async () => {
  worlds++;
  const own = await startRedis();
  const only = await node({ url: own.url });
  join(only, 'ada');
  await shows(only, 'ada');
  await only.link.run((client) => client.sendCommand(['SAVE']));
  join(only, 'bob');
  await shows(only, 'ada', 'bob');
  await own.kill('SIGKILL');
  await waitFor(() => !only.link.ready());
  const back = await startRedis({ port: own.port, dir: own.dir });
  await shows(only, 'ada', 'bob');
  await back.stop();
  await own.stop();
});

test('what a full Redis refused is written when it has space again', async () => {
  worlds++;
  const own = await startRedis();
  const only = await node({ url: own.url });
  join(only, 'ada');
  await shows(only, 'ada');
  await only.link.run((client) => client.configSet('maxmemory', '1'));
  join(only, 'bob');
  await waitFor(async () => /errorstat_OOM/.test(await only.link.run((client) => client.info('errorstats'))));
  expect(await ids(only)).toEqual(['ada']);
  await only.link.run((client) => client.configSet('maxmemory', '0'));
  await shows(only, 'ada', 'bob');
  await own.stop();
});

test('of a room that everybody left nothing stays in Redis', async () => {
  worlds++;
  const only = await node();
  join(only, 'ada');
  await shows(only, 'ada');
  leave(only, 'ada');
  await waitFor(async () => {
    const keys = await only.link.run((client) => client.keys(`test${worlds}:*`));
    expect(keys).toEqual([`test${worlds}:presence:instances`]);
    return true;
  });
});

test('an instance follows only the rooms that it is asked to', async () => {
  worlds++;
  const one = await node();
  const channels = () => one.link.run((client) => client.pubSubShardChannels(`test${worlds}:*`));
  join(one, 'ada');
  await shows(one, 'ada');
  expect(await channels()).toEqual([]);
  const end = await one.store.follow(ROOM, () => {});
  expect(await channels()).toHaveLength(1);
  end();
  await waitFor(async () => (await channels()).length === 0);
});

test('a room with more users than are known by name still tells who comes and how many there are', async () => {
  worlds++;
  const one = await node();
  const { changes } = await roster(one);
  for (let i = 0; i < 1_500; i++) join(one, `user${i}`);
  await waitFor(() => changes.at(-1)?.count === 1_500);
  const late: PresenceChange[] = [];
  await one.store.follow(ROOM, (change) => late.push(change));
  join(one, 'ada');
  await waitFor(() => late.length > 0);
  expect(late).toEqual([{ joined: [user('ada')], left: [], count: 1_501 }]);
});

test('joining and leaving at random on three instances ends with those who are there, everywhere', async () => {
  worlds++;
  const seed = Date.now() % 1_000_000;
  console.info(`seed ${seed}`);
  const random = randomFrom(seed);
  const nodes = [await node(), await node(), await node()];
  const rosters = await Promise.all(nodes.map(roster));
  const present = new Set<string>();
  for (let step = 0; step < 600; step++) {
    const at = Math.floor(random() * 3);
    const member = `user${Math.floor(random() * 12)}`;
    const key = `${at} ${member}`;
    if (present.delete(key)) leave(nodes[at]!, member);
    else {
      present.add(key);
      join(nodes[at]!, member);
    }
    if (random() < 0.2) await ids(nodes[at]!);
  }
  const expected = [...new Set([...present].map((key) => key.split(' ')[1]!))].sort();
  for (const each of nodes) await shows(each, ...expected);
  for (const { present: seen } of rosters) await waitFor(() => JSON.stringify([...seen].sort()) === JSON.stringify(expected));
});

/** Mulberry32: a small generator that a seed repeats. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
