import { afterEach, expect, test } from '@jest/globals';
import { startRedis } from '../../test/support/redis.js';
import { askRedis } from '../../test/support/redis-client.js';
import { startRedisCluster } from '../../test/support/redis-cluster.js';
import { startSentinel } from '../../test/support/redis-sentinel.js';
import { testScope } from '../../test/support/scope.js';
import { waitFor } from '../../test/support/wait.js';
import { keySlot } from './redis-key-slot.js';
import { openRedisLink, type RedisLink } from './redis-link.js';

const lines: string[] = [];
const note = (_: object, line: string) => lines.push(line);
const log = { info: note, warn: note, error: note };
const scope = testScope();

afterEach(() => {
  lines.length = 0;
});

/** Finds a fault soon; a machine that stands still for half a second is one too. */
const QUICK = { commandTimeoutMs: 500, probeIntervalMs: 200 };
const PATIENT = { commandTimeoutMs: 10_000, probeIntervalMs: 5_000 };

async function openLink(url: string, times = QUICK): Promise<RedisLink> {
  const link = openRedisLink({ url, log, ...times });
  scope.defer(link, (open) => open.close());
  await link.whenUp();
  return link;
}

async function sentinel() {
  return scope.defer(await startSentinel(), (started) => started.stop());
}

async function cluster() {
  return scope.defer(await startRedisCluster(), (started) => started.stop());
}

async function hear(link: RedisLink, channel: string) {
  const heard: string[] = [];
  const doubts: number[] = [];
  const listener = { message: (payload: Buffer) => heard.push(payload.toString()), doubt: () => doubts.push(heard.length) };
  await link.subscribe(channel, listener);
  return { heard, doubts };
}

/** Keys that lie at each of the masters. */
async function keyOfEach(masters: readonly { port: number }[], ownerOf: (slot: number) => Promise<{ port: number }>): Promise<string[]> {
  const keys = new Map<number, string>();
  for (let n = 0; keys.size < masters.length; n++) keys.set((await ownerOf(keySlot(`{chat:${n}}`))).port, `{chat:${n}}`);
  return masters.map(({ port }) => keys.get(port)!);
}

test('a failover of Sentinels is followed by commands and subscriptions', async () => {
  const { url, master, replica, masterPort } = await sentinel();
  const link = await openLink(url);
  const { heard, doubts } = await hear(link, 'ch');
  await link.publish('ch', 'before');
  await waitFor(() => heard.length === 1);
  await master.kill('SIGKILL');
  await waitFor(() => !link.ready());
  await expect(link.publish('ch', 'refused')).rejects.toMatchObject({ code: expect.stringMatching(/^(unavailable|timeout)$/) });
  await waitFor(async () => (await masterPort()) === replica.port, { timeoutMs: 20_000 });
  await link.whenUp();
  await waitFor(() => doubts.length > 0);
  await link.publish('ch', 'after');
  await waitFor(() => heard.includes('after'));
  // The Sentinels have not long to answer.
  expect(await waitFor(() => link.locate('any'))).toMatchObject({ socket: { port: replica.port } });
});

test('a master that was made a replica is left for the new one', async () => {
  const { url, replica, sentinels, masterPort } = await sentinel();
  const link = await openLink(url);
  const { heard, doubts } = await hear(link, 'ch');
  await askRedis(sentinels[0]!, 'SENTINEL', 'FAILOVER', 'main');
  await waitFor(async () => (await masterPort()) === replica.port, { timeoutMs: 20_000 });
  await waitFor(() => doubts.length > 0);
  await waitFor(async () => (await link.publish('ch', 'after')) > 0);
  await waitFor(() => heard.includes('after'));
  await link.run((client) => client.set('k', 'v'));
  expect(await askRedis(replica, 'GET', 'k')).toBe('v');
});

test('a server that is a replica now refuses with a code, and is used when it is a master again', async () => {
  const [server, other] = [await startRedis(), await startRedis()];
  for (const one of [server, other]) scope.defer(one, (open) => open.stop());
  const link = await openLink(server.url);
  await askRedis(server, 'REPLICAOF', '127.0.0.1', other.port);
  await expect(link.run((client) => client.set('k', 'v'))).rejects.toMatchObject({ code: 'unavailable' });
  await waitFor(() => !link.ready());
  await askRedis(server, 'REPLICAOF', 'NO', 'ONE');
  await link.whenUp();
  await link.run((client) => client.set('k', 'v'));
});

test('the durability of a replicated master says what a failover loses', async () => {
  const { url } = await sentinel();
  const link = await openLink(url);
  expect(link.durability).toMatch(
    /no persistence.*a failover loses what its replica had not got yet, without bound.*min-replicas-to-write is 0/,
  );
});

test('commands, scripts and subscriptions of a Cluster go to the masters of their keys', async () => {
  const { url, masters, ownerOf } = await cluster();
  const link = await openLink(url);
  const keys = await keyOfEach(masters, ownerOf);
  await link.run((client) => Promise.all(keys.map((key, n) => client.set(`${key}:k`, String(n)))));
  expect(await link.run((client) => Promise.all(keys.map((key) => client.get(`${key}:k`))))).toEqual(['0', '1', '2']);
  const script = "return redis.call('GET', KEYS[1]) .. ARGV[1]";
  for (const [n, key] of keys.entries()) {
    expect(await link.run((client) => client.eval(script, { keys: [`${key}:k`], arguments: ['!'] }))).toBe(`${n}!`);
    const { heard } = await hear(link, `${key}:ch`);
    expect(await link.publish(`${key}:ch`, 'x')).toBe(1);
    await waitFor(() => heard.length === 1);
    expect(await askRedis(masters[n]!, 'GET', `${key}:k`)).toBe(String(n));
    expect(await link.locate(key)).toMatchObject({ socket: { port: masters[n]!.port } });
  }
  expect(link.counters).toEqual({ publishFailures: 0, reconnects: 0, silences: 0 });
});

test('a subscription follows its slot, and its listeners are told', async () => {
  const { url, masters, ownerOf, moveSlot } = await cluster();
  const link = await openLink(url, PATIENT);
  const [key, other] = await keyOfEach(masters, ownerOf);
  const { heard, doubts } = await hear(link, `${key}:ch`);
  const beside = await hear(link, `${other}:ch`);
  for (const to of [masters[1]!, masters[2]!, masters[0]!]) {
    const before = doubts.length;
    await moveSlot(keySlot(key!), to);
    await waitFor(() => doubts.length > before);
    await link.publish(`${key}:ch`, `at ${to.port}`);
    await waitFor(() => heard.includes(`at ${to.port}`));
  }
  expect(beside.doubts).toEqual([]);
  expect(link.counters).toMatchObject({ publishFailures: 0, reconnects: 0 });
});

test('commands given while a slot moves stay in order, none is lost and none is made twice', async () => {
  const { url, masters, ownerOf, moveSlot } = await cluster();
  const [link, second] = [await openLink(url), await openLink(url)];
  const [key] = await keyOfEach(masters, ownerOf);
  const list = `${key}:list`;
  let pushed = 0;
  const pushes: Promise<unknown>[] = [];
  const push = () => pushes.push(link.run((client) => client.sendCommand(['RPUSH', list, String(pushed++)])));
  let moving = true;
  const pushing = (async () => {
    while (moving) {
      for (let n = 0; n < 20; n++) push();
      await second.run((client) => client.sendCommand(['LLEN', list]));
    }
  })();
  for (const to of [masters[1]!, masters[2]!, masters[0]!, masters[1]!]) {
    const there = pushes.length;
    await waitFor(() => pushes.length > there + 100);
    await moveSlot(keySlot(key!), to);
  }
  moving = false;
  await pushing;
  await Promise.all(pushes);
  const all = await link.run((client) => client.sendCommand(['LRANGE', list, '0', '-1']));
  expect(all).toEqual(Array.from({ length: pushed }, (_, n) => String(n)));
});

test('a slot that is half moved is asked for where its keys are', async () => {
  const { url, masters, ownerOf, moveSlot } = await cluster();
  const link = await openLink(url);
  const [key] = await keyOfEach(masters, ownerOf);
  await link.run((client) => client.set(`${key}:old`, 'here'));
  await moveSlot(keySlot(key!), masters[1]!, async () => {
    expect(await link.run((client) => client.get(`${key}:old`))).toBe('here');
    // A new key begins its life at the server that is given the slot.
    await link.run((client) => client.set(`${key}:new`, 'there'));
    expect(await link.run((client) => client.get(`${key}:new`))).toBe('there');
    // Keys of both are served by none: refused in time, not stored.
    const both = "redis.call('SET', KEYS[1], 'x'); return redis.call('SET', KEYS[2], 'x')";
    const asked = link.run((client) => client.eval(both, { keys: [`${key}:old`, `${key}:third`], arguments: [] }));
    await expect(asked).rejects.toMatchObject({ code: 'unavailable' });
  });
  expect(await link.run((client) => Promise.all([client.get(`${key}:old`), client.get(`${key}:new`)]))).toEqual(['here', 'there']);
});

test('without one master its slots are refused, the others are served, and it is used again when it is back', async () => {
  const { url, masters, ownerOf } = await cluster();
  const link = await openLink(url);
  const keys = await keyOfEach(masters, ownerOf);
  const [lost, kept] = await Promise.all(keys.map((key) => hear(link, `${key}:ch`)));
  await masters[0]!.kill('SIGSTOP');
  await expect(link.run((client) => client.set(keys[0]!, 'x'))).rejects.toMatchObject({ code: 'timeout' });
  await expect(link.run((client) => client.set(keys[0]!, 'x'))).rejects.toMatchObject({ code: 'unavailable' });
  expect(link.ready()).toBe(true);
  await link.run((client) => client.set(keys[1]!, 'x'));
  await link.publish(`${keys[1]}:ch`, 'still');
  await waitFor(() => kept!.heard.includes('still'));
  await masters[0]!.kill('SIGCONT');
  await waitFor(() => link.run((client) => client.set(keys[0]!, 'x')), { timeoutMs: 20_000 });
  await link.publish(`${keys[0]}:ch`, 'again');
  await waitFor(() => lost!.heard.includes('again'));
  expect(kept!.doubts).toEqual([]);
});

test('the durability of a Cluster names the masters that differ', async () => {
  const { url, masters } = await cluster();
  await askRedis(masters[2]!, 'CONFIG', 'SET', 'appendonly', 'yes');
  const link = await openLink(url);
  const [one, two, three] = masters.map(({ port }) => `127.0.0.1:${port}`);
  await waitFor(() => link.durability.includes(three!));
  expect(link.durability).toMatch(/no persistence, a crash of Redis loses all rooms \(.*\)\. Redis: AOF everysec.*\)\.$/);
  expect([one, two].every((name) => link.durability.includes(name!))).toBe(true);
  expect(lines).toContain(link.durability);
});
