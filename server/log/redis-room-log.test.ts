import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createClient } from 'redis';
import type { RoomName } from '../../shared/rooms.js';
import { startRedis, type TestRedis } from '../../test/support/redis.js';
import { startRedisCluster } from '../../test/support/redis-cluster.js';
import { testScope } from '../../test/support/scope.js';
import { waitFor } from '../../test/support/wait.js';
import { openRedisLink } from '../adapter/redis-link.js';
import { createRedisRoomLog } from './redis-room-log.js';
import { describeRoomLog } from './room-log.contract.js';
import type { LogEntry, NewMessage, RoomLog } from './room-log.js';

const ALL = { messages: 0, ttlMs: 0 };
const OLDEST = { limit: 500, from: 'oldest' } as const;
const silent = { info() {}, warn() {}, error() {} };
const scope = testScope();
let shared: TestRedis;

beforeAll(async () => {
  shared = await startRedis();
});
afterAll(() => shared.stop());
async function redis(options?: Parameters<typeof startRedis>[0]): Promise<TestRedis> {
  return scope.defer(await startRedis(options), (started) => started.stop());
}

/** A log over a link of its own, as an instance has it. */
async function instance(url: string): Promise<RoomLog> {
  const link = openRedisLink({ url, log: silent, commandTimeoutMs: 500, probeIntervalMs: 200 });
  const log = createRedisRoomLog({ link });
  scope.defer(link, (open) => open.close());
  scope.defer(log, (open) => open.close());
  await link.whenUp();
  return log;
}

async function admin(url: string) {
  const client = createClient({ url }).on('error', () => {});
  await client.connect();
  scope.defer(client, (open) => open.destroy());
  return client;
}

const newRoom = (kind = 'chat'): RoomName => `${kind}:${randomUUID()}`;
const message = (room: RoomName, id: string, data: unknown = id): NewMessage => ({
  room,
  id,
  type: 'text',
  from: { id: 'u', name: 'u' },
  data,
});
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

async function listen(log: RoomLog, room: RoomName) {
  const entries: LogEntry[] = [];
  let doubts = 0;
  const end = await log.follow(room, { entry: (entry) => entries.push(entry), doubt: () => doubts++ });
  return { entries, end, doubts: () => doubts };
}

describeRoomLog('redis', async (options) => {
  const link = openRedisLink({ url: shared.url, log: silent });
  await link.whenUp();
  const log = createRedisRoomLog({ link, ...options });
  return {
    log,
    async close() {
      await log.close();
      await link.close();
    },
  };
});

test('instances that append at once make one gapless order, the same for all followers', async () => {
  const room = newRoom();
  const logs = await Promise.all(range(1, 3).map(() => instance(shared.url)));
  const heard = await Promise.all(logs.map((log) => listen(log, room)));
  const appends = logs.flatMap((log, i) =>
    range(1, 300).map((n) => log.append(message(room, `${i}-${n}`, n % 7 === 0 ? { bytes: Buffer.from([n % 256]) } : { n }), ALL)),
  );
  const appended = await Promise.all(appends);
  await waitFor(() => heard.every(({ entries }) => entries.length === 900));
  for (const { entries } of heard) {
    expect(entries.map(({ seq }) => seq)).toEqual(range(1, 900));
    expect(entries.map(({ message }) => message)).toEqual(heard[0]!.entries.map(({ message }) => message));
  }
  const own = appended.slice(0, 300).map(({ entry }) => entry.seq);
  expect(own).toEqual([...own].sort((a, b) => a - b));
});

test('an id that was appended on one instance is known on the others', async () => {
  const room = newRoom();
  const [one, two] = await Promise.all([instance(shared.url), instance(shared.url)]);
  const { entry } = await one.append(message(room, 'a'), ALL);
  expect(await two.append(message(room, 'a'), ALL)).toEqual({ entry, repeated: true });
});

test('while Redis is gone all is refused, and goes on by itself with what Redis kept', async () => {
  const first = await redis({ args: ['--appendonly', 'yes', '--appendfsync', 'everysec'] });
  const room = newRoom();
  const [one, two] = await Promise.all([instance(first.url), instance(first.url)]);
  const heard = await listen(two, room);
  for (const n of range(1, 20)) await one.append(message(room, `m${n}`), ALL);
  await first.kill('SIGKILL');
  // Before the end is noticed it is sent, and nobody knows what became of it.
  await expect(one.append(message(room, 'x'), ALL)).rejects.toMatchObject({ code: expect.stringMatching(/^(unavailable|timeout)$/) });
  const refused = await Promise.allSettled([one.read(room, OLDEST), one.ends(room), one.rooms({ limit: 1 })]);
  for (const outcome of refused) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
  await redis({ port: first.port, dir: first.dir, args: ['--appendonly', 'yes'] });
  const next = await waitFor(() => one.append(message(room, 'x'), ALL));
  expect(next.entry.seq).toBe(21);
  await waitFor(() => heard.doubts() === 1);
  const page = await two.read(room, OLDEST);
  expect(page.entries.map(({ seq }) => seq)).toEqual(range(1, 21));
  expect(page.epoch).toBe(heard.entries[0]!.epoch);
});

test('a stopped Redis refuses with timeout what was sent to it, and that is found by its id when it took it; the rest is unavailable [P30]', async () => {
  const stopped = await redis();
  const room = newRoom();
  const log = await instance(stopped.url);
  await log.append(message(room, 'a'), ALL);
  await stopped.kill('SIGSTOP');
  const read = expect(log.read(room, OLDEST)).rejects.toMatchObject({ code: 'unavailable' });
  await expect(log.append(message(room, 'b'), ALL)).rejects.toMatchObject({ code: 'timeout' });
  await read;
  await expect(log.append(message(room, 'never sent'), ALL)).rejects.toMatchObject({ code: 'unavailable' });
  await expect(log.follow(newRoom(), { entry() {}, doubt() {} })).rejects.toMatchObject({ code: 'unavailable' });
  await stopped.kill('SIGCONT');
  const retried = await waitFor(() => log.append(message(room, 'b'), ALL));
  expect(retried.entry.seq).toBe(2);
  expect(retried.repeated).toBe(true);
  expect((await log.ends(room)).last).toBe(2);
});

test('a Redis that lost everything begins another epoch', async () => {
  const { url } = await redis();
  const room = newRoom();
  const log = await instance(url);
  const heard = await listen(log, room);
  const { entry: before } = await log.append(message(room, 'a'), ALL);
  await (await admin(url)).flushAll();
  const { epoch } = await log.ends(room);
  expect(epoch).not.toBe(before.epoch);
  const { entry, repeated } = await log.append(message(room, 'a'), ALL);
  expect([entry.epoch, entry.seq, repeated]).toEqual([epoch, 1, false]);
  await waitFor(() => heard.entries.length === 2);
});

test('an entry that took the place of one that Redis lost does not pass for it', async () => {
  const snapshots = await redis();
  const room = newRoom();
  const [one, two] = await Promise.all([instance(snapshots.url), instance(snapshots.url)]);
  for (const n of range(1, 5)) await one.append(message(room, `m${n}`), ALL);
  const client = await admin(snapshots.url);
  await client.sendCommand(['SAVE']);
  const { entry: lost } = await one.append(message(room, 'lost'), ALL);
  await snapshots.kill('SIGKILL');
  await redis({ port: snapshots.port, dir: snapshots.dir });
  const other = await waitFor(() => two.append(message(room, 'other'), ALL));
  expect(other.entry).toMatchObject({ epoch: lost.epoch, seq: 6 });
  const again = await waitFor(() => one.append(message(room, 'lost'), ALL));
  expect(again.repeated).toBe(false);
  expect(again.entry.epoch).not.toBe(lost.epoch);
  expect(again.entry.seq).toBe(7);
  expect((await two.ends(room)).epoch).toBe(again.entry.epoch);
});

test('a Redis that comes back without its newest entries begins another epoch, and keeps the older ones', async () => {
  const snapshots = await redis();
  const room = newRoom();
  const log = await instance(snapshots.url);
  for (const n of range(1, 5)) await log.append(message(room, `m${n}`), ALL);
  await (await admin(snapshots.url)).sendCommand(['SAVE']);
  const { entry: lost } = await log.append(message(room, 'm6'), ALL);
  await snapshots.kill('SIGKILL');
  await redis({ port: snapshots.port, dir: snapshots.dir });
  const ends = await waitFor(() => log.ends(room));
  expect(ends.epoch).not.toBe(lost.epoch);
  expect(ends).toMatchObject({ first: 1, last: 5 });
  const page = await log.read(room, OLDEST);
  expect(page.entries.map((entry) => entry.message.id)).toEqual(range(1, 5).map((n) => `m${n}`));
  expect(page.entries[0]!.message.position).toBe(`${ends.epoch}:1`);
  expect((await log.append(message(room, 'm5'), ALL)).repeated).toBe(true);
  expect((await log.append(message(room, 'm6'), ALL)).entry).toMatchObject({ epoch: ends.epoch, seq: 6 });
});

test('a room whose stream or meta data was evicted begins another epoch', async () => {
  const client = await admin(shared.url);
  const log = await instance(shared.url);
  for (const [key, last] of [
    ['log', 0],
    ['meta', 3],
  ] as const) {
    const room = newRoom();
    for (const n of range(1, 3)) await log.append(message(room, `m${n}`), ALL);
    const { epoch } = await log.ends(room);
    await client.del(`roomcast:{${room}}:${key}`);
    const ends = await log.ends(room);
    expect(ends.epoch).not.toBe(epoch);
    expect(ends.last).toBe(last);
    expect((await log.append(message(room, 'm1'), ALL)).entry).toMatchObject({ epoch: ends.epoch, seq: last + 1 });
  }
});

test('a Redis without memory refuses with storage_full, keeps reading, and leaves no trace of what it refused', async () => {
  const { url } = await redis();
  const client = await admin(url);
  const log = await instance(url);
  const room = newRoom();
  const { entry } = await log.append(message(room, 'a'), ALL);
  await client.configSet('maxmemory', '10kb');
  await expect(log.append(message(room, 'b'), ALL)).rejects.toMatchObject({ code: 'storage_full' });
  expect(await log.read(room, OLDEST)).toMatchObject({ epoch: entry.epoch, last: 1, entries: [{ seq: 1 }] });
  await client.configSet('maxmemory', '0');
  expect(await log.append(message(room, 'b'), ALL)).toMatchObject({ entry: { seq: 2 }, repeated: false });
});

test('a replica refuses with unavailable', async () => {
  const { url } = await redis();
  const log = await instance(url);
  const room = newRoom();
  await (await admin(url)).sendCommand(['REPLICAOF', '127.0.0.1', String(shared.port)]);
  await expect(log.append(message(room, 'a'), ALL)).rejects.toMatchObject({ code: 'unavailable' });
});

test('connections and scripts that an operator ends are made anew', async () => {
  const { url } = await redis();
  const client = await admin(url);
  const log = await instance(url);
  const room = newRoom();
  const heard = await listen(log, room);
  await client.sendCommand(['SCRIPT', 'FLUSH']);
  await log.append(message(room, 'a'), ALL);
  await client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
  await client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
  await waitFor(() => heard.doubts() > 0);
  await waitFor(() => log.append(message(room, 'b'), ALL));
  await waitFor(() => heard.entries.some(({ message: { id } }) => id === 'b'));
});

test('keys of rooms that are only looked at, and of rooms with an age limit, expire; the others stay', async () => {
  const client = await admin(shared.url);
  const log = await instance(shared.url);
  const [looked, aged, kept] = [newRoom(), newRoom('job'), newRoom()];
  const key = (room: RoomName, part: string) => client.pTTL(`roomcast:{${room}}:${part}`);
  await log.ends(looked);
  await log.ends(kept);
  await log.append(message(kept, 'a'), ALL);
  await log.append(message(aged, 'a'), { messages: 10, ttlMs: 7_200_000 });
  expect(await key(looked, 'meta')).toBeGreaterThan(0);
  expect(await key(aged, 'log')).toBeGreaterThan(7_200_000);
  expect(await key(aged, 'meta')).toBeGreaterThan(7_200_000);
  expect([await key(kept, 'meta'), await key(kept, 'log')]).toEqual([-1, -1]);
  for (const room of [aged, kept]) {
    const ttls = await Promise.all([key(room, 'ids0'), key(room, 'ids1')]);
    expect(Math.max(...ttls)).toBeGreaterThan(600_000);
    expect(Math.max(...ttls)).toBeLessThanOrEqual(1_200_000);
  }
});

test('a room goes on while its slot moves, whole or half, with one order and without a repetition', async () => {
  const cluster = await startRedisCluster();
  scope.defer(cluster, (open) => open.stop());
  const [one, two] = [await instance(cluster.url), await instance(cluster.url)];
  const room = newRoom();
  const slot = await cluster.slotOf(`{${room}}`);
  const heard = await listen(two, room);
  const acknowledged: number[] = [];
  let sent = 0;
  const publish = async () => {
    const { entry } = await one.append(message(room, `m${sent++}`), ALL);
    acknowledged.push(entry.seq);
  };
  await publish();
  for (let moves = 0; moves < 3; moves++) {
    const from = await cluster.ownerOf(slot);
    const to = cluster.masters.find((master) => master !== from)!;
    await Promise.all([publish(), publish(), cluster.moveSlot(slot, to, publish), publish(), publish()]);
    expect(await one.append(message(room, 'm0'), ALL)).toMatchObject({ repeated: true });
  }
  expect(acknowledged).toEqual(range(1, sent));
  const { entries } = await two.read(room, { limit: 500, from: 'oldest' });
  expect(entries.map(({ message: { id } }) => id)).toEqual(acknowledged.map((_, n) => `m${n}`));
  // What Redis could not send while the slot went is told as doubt.
  await waitFor(() => heard.doubts() > 0 || heard.entries.length === sent);
});
