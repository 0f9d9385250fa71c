import { expect, test } from '@jest/globals';
import type { Message, PublishAnswer } from '../shared/protocol.js';
import { PATIENT_WITH_REDIS, whenReady } from './support/cluster.js';
import { get } from './support/http.js';
import { type HubProcess, spawnHub, startHub } from './support/hub-process.js';
import { askRedis } from './support/redis-client.js';
import { startRedisCluster, type TestRedisCluster } from './support/redis-cluster.js';
import { startSentinel } from './support/redis-sentinel.js';
import { fileScope, type Scope } from './support/scope.js';
import { connectClient, countFrom, type StockClient, seqs } from './support/stock-client.js';
import { waitFor } from './support/wait.js';

const scope = fileScope();
const TEST_MS = 240_000;

async function startHubs(url: string, count = 2): Promise<HubProcess[]> {
  const env = { REDIS_URL: url, ROOMCAST_LIMITS: 'off', ...PATIENT_WITH_REDIS };
  const hubs = await Promise.all(Array.from({ length: count }, () => startHub(scope, { env })));
  for (const hub of hubs) await whenReady(hub);
  return hubs;
}

const clientsOf = (hubs: readonly HubProcess[], of: Scope = scope) => Promise.all(hubs.map(({ url }) => connectClient(of, url)));

/** Publishes into a room one after the other until `stop`: what was acknowledged, and what was refused. */
function publishSteadily(client: StockClient, room: string, name: string) {
  const acknowledged: { id: string; position: string }[] = [];
  const refusals = new Set<string>();
  let going = true;
  const ended = (async () => {
    for (let n = 0; going; n++) {
      const id = `${name}-${n}`;
      const answer = await client.ask<PublishAnswer>('publish', { room, id, data: n });
      if (answer.ok) acknowledged.push({ id, position: answer.position });
      else refusals.add(answer.error.code);
    }
  })();
  return {
    acknowledged,
    refusals,
    async stop() {
      going = false;
      await ended;
    },
  };
}

const epochOf = (position: string) => position.slice(0, position.indexOf(':'));
const ids = (messages: readonly Pick<Message, 'id'>[]) => messages.map(({ id }) => id);

test(
  'a failover of Sentinels under load loses nothing that the new master has, and what it lost is told',
  async () => {
    const sentinel = scope.defer(await startSentinel(), (started) => started.stop());
    const hubs = await startHubs(sentinel.url);
    const room = 'chat:failover';
    const clients = await clientsOf(hubs);
    for (const client of clients) await client.subscribe(room);
    const publishers = clients.map((client, n) => publishSteadily(client, room, `p${n}`));
    await waitFor(() => publishers.every(({ acknowledged }) => acknowledged.length > 100), { what: 'a load' });

    // The replica is cut off for a moment, so that the failover is sure to lose what was acknowledged meanwhile.
    await sentinel.replica.kill('SIGSTOP');
    await askRedis(sentinel.master, 'CLIENT', 'KILL', 'TYPE', 'replica');
    const apart = publishers.map(({ acknowledged }) => acknowledged.length);
    await waitFor(() => publishers.every(({ acknowledged }, n) => acknowledged.length > apart[n]! + 10), { what: 'acknowledgements' });
    const before = publishers.map(({ acknowledged }) => acknowledged.length);
    await sentinel.master.kill('SIGKILL');
    await sentinel.replica.kill('SIGCONT');
    await waitFor(() => publishers.every(({ refusals }) => refusals.size > 0), { what: 'refusals' });
    await waitFor(() => publishers.every(({ acknowledged }, n) => acknowledged.length > before[n]! + 100), {
      what: 'publishing on the new master',
    });
    for (const publisher of publishers) await publisher.stop();
    // What was on its way is told apart from what was never sent.
    const codes = publishers.flatMap(({ refusals }) => [...refusals]);
    expect(codes.filter((code) => code !== 'timeout' && code !== 'unavailable')).toEqual([]);
    expect(await sentinel.masterPort()).toBe(sentinel.replica.port);

    // Replication is asynchronous: the last acknowledged messages are missing. They were of another epoch, and everybody is told.
    const [one, two] = clients;
    const { position: end } = await one!.publish(room, 'last', { id: 'last' });
    const kept = await wholeLog(two!, room);
    expect(seqs(kept)).toEqual(countFrom(1, kept.length));
    expect(new Set(ids(kept)).size).toBe(kept.length);
    const there = new Set(ids(kept));
    const acknowledged = publishers.flatMap((publisher) => publisher.acknowledged);
    const lost = acknowledged.filter(({ id }) => !there.has(id));
    expect(lost.length).toBeGreaterThanOrEqual(20);
    for (const { position } of lost) expect(epochOf(position)).not.toBe(epochOf(end));
    for (const client of clients) {
      await client.hears('last');
      await client.event('notice', (notice: { kind: string; room?: string }) => notice.kind === 'gap' && notice.room === room);
    }
    const newest = clients.map((client) => client.of(room).filter(({ position }) => epochOf(position) === epochOf(end)));
    expect(ids(newest[0]!)).toEqual(ids(newest[1]!));
    expect(seqs(newest[0]!)).toEqual(countFrom(seqs(newest[0]!)[0]!, newest[0]!.length));
  },
  TEST_MS,
);

async function wholeLog(client: StockClient, room: string): Promise<Message[]> {
  const all: Message[] = [];
  for (let before: string | undefined; ; before = all[0]!.position) {
    const { messages, more } = await client.history(room, { limit: 200, ...(before !== undefined && { before }) });
    all.unshift(...messages);
    if (!more) return all;
  }
}

/** Rooms of each master, so many at each. */
async function roomsOfEach({ masters, slotOf, ownerOf }: TestRedisCluster, count: number): Promise<string[][]> {
  const rooms = new Map(masters.map(({ port }) => [port, [] as string[]]));
  for (let n = 0; [...rooms.values()].some((of) => of.length < count); n++) {
    const { port } = await ownerOf(await slotOf(`{chat:room-${n}}`));
    rooms.get(port)!.push(`chat:room-${n}`);
  }
  return masters.map(({ port }) => rooms.get(port)!.slice(0, count));
}

test(
  'on a Cluster every room has one gapless order, also while its slot moves; without one master the rooms of the others go on',
  async () => {
    const cluster = scope.defer(await startRedisCluster({ args: ['--appendonly', 'yes'] }), (started) => started.stop());
    const hubs = await startHubs(cluster.url);
    await hubs[0]!.printed(/AOF everysec/);
    const clients = await clientsOf(hubs);
    const rooms = await roomsOfEach(cluster, 3);
    for (const room of rooms.flat()) for (const client of clients) await client.subscribe(room);
    const moved = rooms[0]![0]!;
    const loads = rooms.flat().flatMap((room) => clients.map((client, n) => ({ room, ...publishSteadily(client, room, `${room}-${n}`) })));
    const enough = (more: number) => {
      const goal = loads.map(({ acknowledged }) => acknowledged.length + more);
      return waitFor(() => loads.every(({ acknowledged }, n) => acknowledged.length >= goal[n]!), { what: 'a load' });
    };
    await enough(20);
    const slot = await cluster.slotOf(`{${moved}}`);
    for (const to of [cluster.masters[1]!, cluster.masters[2]!]) {
      await cluster.moveSlot(slot, to, () => enough(5).then(() => {}));
      await enough(20);
    }
    for (const load of loads) await load.stop();
    expect(loads.flatMap(({ refusals }) => [...refusals])).toEqual([]);
    expect(await cluster.ownerOf(slot)).toBe(cluster.masters[2]);
    for (const room of rooms.flat()) await expectOneOrder(clients, room, loads);

    await cluster.masters[0]!.kill('SIGKILL');
    const gone = rooms[0]![1]!;
    const [one, two] = clients;
    // What is on its way when the end is noticed may be stored, for all that the hub knows; the next is not sent.
    await waitFor(
      async () => {
        const answer = await one!.ask('publish', { room: gone, id: crypto.randomUUID(), data: 1 });
        return !answer.ok && answer.error.code === 'unavailable';
      },
      { what: 'a room without its master to be refused' },
    );
    for (const room of [moved, ...rooms.slice(1).flat()]) {
      const id = `still ${room}`;
      // A master that stays may know the other one as gone only after a moment.
      await waitFor(async () => (await one!.ask<PublishAnswer>('publish', { room, id, data: 1 })).ok);
      await two!.hears(id);
      await expectOneOrder(clients, room, []);
    }
    expect((await get(`${hubs[0]!.url}/readyz`)).status).toBe(200);
  },
  TEST_MS,
);

async function expectOneOrder(
  clients: StockClient[],
  room: string,
  loads: { room: string; acknowledged: { id: string }[] }[],
): Promise<void> {
  const acknowledged = loads.filter((load) => load.room === room).flatMap((load) => load.acknowledged);
  const end = crypto.randomUUID();
  await clients[0]!.publish(room, 'end', { id: end });
  for (const client of clients) await client.hears(end);
  const [heard, elsewhere] = clients.map((client) => client.of(room));
  expect(seqs(heard!)).toEqual(countFrom(1, heard!.length));
  expect(ids(elsewhere!)).toEqual(ids(heard!));
  const all = new Set(ids(heard!));
  expect(acknowledged.filter(({ id }) => !all.has(id))).toEqual([]);
  expect(all.size).toBe(heard!.length);
}

test(
  'presence and the list of rooms reach over all masters of a Cluster',
  async () => {
    const cluster = scope.defer(await startRedisCluster(), (started) => started.stop());
    const hubs = await startHubs(cluster.url);
    const [one, two] = await clientsOf(hubs);
    const rooms = (await roomsOfEach(cluster, 1)).flat();
    for (const room of rooms) {
      await one!.subscribe(room);
      await two!.subscribe(room);
      await waitFor(async () => (await one!.expectOk<{ count: number }>('presence', { room })).count === 2, { what: `two in ${room}` });
      await one!.publish(room, 'text');
    }
    const listed = await waitFor(async () => {
      const { body } = await get(`${hubs[1]!.url}/api/rooms`);
      const names = (body as { rooms: { room: string }[] }).rooms.map(({ room }) => room);
      return rooms.every((room) => names.includes(room)) && names;
    });
    expect(listed).toEqual(expect.arrayContaining(rooms));
    expect(hubs[0]!.output()).not.toMatch(/CROSSSLOT|internal/);
  },
  TEST_MS,
);

test(
  'a write that Redis has no memory for is refused by name, on the master of the room alone',
  async () => {
    const cluster = scope.defer(await startRedisCluster(), (started) => started.stop());
    const hubs = await startHubs(cluster.url, 1);
    const [client] = await clientsOf(hubs);
    const [full, roomy] = (await roomsOfEach(cluster, 1)).flat();
    await askRedis(cluster.masters[0]!, 'CONFIG', 'SET', 'maxmemory', '1mb');
    expect(await client!.ask('publish', { room: full, id: 'full', data: 1 })).toMatchObject({ ok: false, error: { code: 'storage_full' } });
    await client!.publish(roomy!, 1);
  },
  TEST_MS,
);

test.each(['redis+sentinel://127.0.0.1:26379', 'redis+cluster://127.0.0.1:7000/1', 'redis+clusters://127.0.0.1'])(
  'a hub with REDIS_URL %s does not start, and says why in one line',
  async (url) => {
    const { hub } = await spawnHub(scope, { env: { REDIS_URL: url } });
    const { code } = await hub.exited;
    expect(code).not.toBe(0);
    expect(hub.output().trim().split('\n')).toEqual([
      expect.stringMatching(/REDIS_URL is not usable: it takes redis:.*redis\+sentinel:.*redis\+cluster:/),
    ]);
  },
);
