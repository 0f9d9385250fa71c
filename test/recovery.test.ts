import { beforeAll, describe, expect, test } from '@jest/globals';
import { createClient } from 'redis';
import { connect } from '../client/sdk/roomcast.js';
import { configFrom } from '../server/config.js';
import { type StartedHub, startHub as startHubHere } from '../server/start-hub.js';
import type { RoomName } from '../shared/rooms.js';
import { type Cluster, startCluster, whenReady } from './support/cluster.js';
import { type HubProcess, startHub } from './support/hub-process.js';
import { openMemoryHub } from './support/memory-hub.js';
import { fileScope, testScope } from './support/scope.js';
import { type ClientOptions, connectClient, countFrom, type StockClient, seqs } from './support/stock-client.js';
import { expectExact, newKey, publishOn, roomNames, travel as travelIn } from './support/traveller.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const file = fileScope();

const travel = (hub: { url: string }, options?: ClientOptions) => travelIn(scope, hub, options);

describe('instances on Redis', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster(file, { instances: 2, env: { ROOMCAST_LIMITS: 'off' } });
  });

  test('[P91] [P92] a client that comes back to another instance has its room and what it missed there, in order, once', async () => {
    const [one, two] = cluster.hubs;
    const [room] = roomNames('one') as [string];
    const sender = await connectClient(scope, two!.url);
    const { client, move } = await travel(one!);
    await client.subscribe(room);
    await sender.publish(room, 'first');
    await waitFor(() => client.of(room).length === 1);
    await move(two!, async () => {
      for (let n = 0; n < 700; n += 50) await Promise.all(countFrom(0, 50).map(() => sender.publish(room, { n })));
    });
    expect(client.socket.recovered).toBe(true);
    await expectExact(client, sender, [room], [701]);
  });

  test('[P92] three rooms that speak all the time, one cut after the other: every room is exact', async () => {
    const rooms = roomNames('a', 'b', 'c');
    const sender = await connectClient(scope, cluster.hubs[1]!.url);
    const { client, move } = await travel(cluster.hubs[0]!);
    for (const room of rooms) await client.subscribe(room);
    const publishing = publishOn(sender, rooms);
    for (let round = 1; round <= 8; round++) {
      const heard = client.messages.length;
      await waitFor(() => client.messages.length > heard + 20);
      await move(cluster.hubs[round % 2]!);
      expect(client.socket.recovered).toBe(true);
    }
    await expectExact(client, sender, rooms, await publishing.stop());
  });

  test('[P92] an instance killed while three rooms speak: its client comes back to another one with all of it', async () => {
    const killed = await startHub(scope, { env: { REDIS_URL: cluster.redis.url, ROOMCAST_LIMITS: 'off' } });
    await whenReady(killed);
    const rooms = roomNames('a', 'b', 'c');
    const sender = await connectClient(scope, cluster.hubs[1]!.url);
    const { client, move } = await travel(killed);
    for (const room of rooms) await client.subscribe(room);
    const publishing = publishOn(sender, rooms);
    await waitFor(() => client.messages.length > 100);
    killed.signal('SIGKILL');
    await killed.exited;
    await move(cluster.hubs[0]!);
    expect(client.socket.recovered).toBe(true);
    await expectExact(client, sender, rooms, await publishing.stop());
  });

  test('[P92] rooms that were left stay left, and what a subscription began with is not sent again', async () => {
    const [left, late] = roomNames('left', 'late') as [string, string];
    const sender = await connectClient(scope, cluster.hubs[1]!.url);
    for (let n = 0; n < 5; n++) await sender.publish(late, { n });
    const { client, move } = await travel(cluster.hubs[0]!);
    await client.subscribe(left);
    await client.hears((await sender.publish(left, 'heard')).id);
    await client.expectOk('unsubscribe', { room: left });
    expect((await client.subscribe(late, { last: 5 })).messages).toHaveLength(5);
    await move(cluster.hubs[1]!, async () => {
      await sender.publish(left, 'not heard');
      await sender.publish(late, 'missed');
    });
    expect(client.socket.recovered).toBe(true);
    await client.hears((await sender.publish(late, 'barrier')).id);
    expect(seqs(client.of(late))).toEqual([6, 7]);
    expect(client.of(left)).toHaveLength(1);
  });

  test('[P93] trimmed history, and a Redis that lost its data, are not claimed; the next connection is', async () => {
    const redis = createClient({ url: cluster.redis.url });
    scope.defer(await redis.connect(), (connected) => connected.close());
    const [room] = roomNames('trimmed') as [string];
    const sender = await connectClient(scope, cluster.hubs[1]!.url);
    const { client, move } = await travel(cluster.hubs[0]!);
    await client.subscribe(room);
    await client.hears((await sender.publish(room, 'heard')).id);
    await move(cluster.hubs[1]!, async () => {
      for (let n = 0; n < 600; n++) await sender.publish(room, { n });
      const [stream] = (await redis.keys(`*${room}*log`)) as [string];
      await redis.xTrim(stream, 'MAXLEN', 10);
    });
    expect(client.socket.recovered).toBe(false);
    await client.subscribe(room);
    await client.hears((await sender.publish(room, 'heard again')).id);
    await move(cluster.hubs[0]!);
    expect(client.socket.recovered).toBe(true);
    await move(cluster.hubs[1]!, () => redis.flushAll());
    expect(client.socket.recovered).toBe(false);
  });

  test('[P94] the pid of another user gives nothing and takes nothing', async () => {
    const [room] = roomNames('forged') as [string];
    const sender = await connectClient(scope, cluster.hubs[1]!.url);
    const { client, move } = await travel(cluster.hubs[0]!);
    await client.subscribe(room);
    await client.hears((await sender.publish(room, 'heard')).id);
    const { _pid: pid, _lastOffset: offset } = client.socket as unknown as { _pid: string; _lastOffset: string };
    expect(pid).toMatch(/^[\w-]{20,}$/);
    const forger = await connectClient(scope, cluster.hubs[1]!.url, { auth: { recovery: true, guestKey: newKey(), pid, offset } });
    expect((forger.socket as unknown as { _pid: string })._pid).not.toBe(pid);
    await move(cluster.hubs[1]!, () => sender.publish(room, 'missed'));
    expect(client.socket.recovered).toBe(true);
    await expectExact(client, sender, [room], [2]);
    expect(forger.messages).toEqual([]);
  });

  test.each([
    ['in a metric room', { room: 'metrics:web-1' }],
    ['that sees a log room through a filter', { room: 'logs:web-1', filter: { level: 'warn' } }],
  ])(
    '[P93] a client %s is not claimed to be whole, and is again when it has left',
    async (_where, wish) => {
      const [room] = roomNames('beside') as [string];
      const { client, move } = await travel(cluster.hubs[0]!);
      await client.subscribe(room);
      await client.expectOk('subscribe', wish);
      await move(cluster.hubs[1]!);
      expect(client.socket.recovered).toBe(false);
      await client.subscribe(room);
      await client.expectOk('subscribe', wish);
      await client.expectOk('unsubscribe', { room: wish.room });
      await move(cluster.hubs[0]!);
      expect(client.socket.recovered).toBe(true);
    },
    180_000,
  );
});

describe('hubs in this process on Redis', () => {
  let hubs: StartedHub[];
  let redis: { url: string };
  const open = (options: Record<string, unknown> = {}) =>
    startHubHere(
      configFrom({ redisUrl: redis.url, port: 0, web: false, hostMetrics: false, logLevel: 'silent', limits: false, ...options }),
    );
  beforeAll(async () => {
    ({ redis } = await startCluster(file, { instances: 0 }));
    hubs = await Promise.all([open(), open()]);
    for (const hub of hubs) file.defer(hub, (opened) => opened.close());
  });
  const socketOf = (hub: StartedHub, { socket }: StockClient) => hub.io.sockets.sockets.get(socket.id!)!;

  test('[P91] the socket on the other instance has the rooms and the data, also data set without a word to anybody', async () => {
    const rooms = roomNames('x', 'y');
    const { client, move } = await travel(hubs[0]!);
    for (const room of rooms) await client.subscribe(room);
    Object.assign(socketOf(hubs[0]!, client).data, { seat: { row: 3 } });
    const userId = client.heard.find(({ event }) => event === 'welcome')!.args[0] as { user: { id: string } };
    await move(hubs[1]!);
    const socket = socketOf(hubs[1]!, client);
    expect(socket.recovered).toBe(true);
    expect(socket.data).toEqual({ userId: userId.user.id, seat: { row: 3 } });
    await waitFor(() => rooms.every((room) => socket.rooms.has(`{${room}}`)));
  });

  test('[P93] in a room of other code on the server nothing is claimed', async () => {
    const { client, move } = await travel(hubs[0]!);
    socketOf(hubs[0]!, client).join('somebody-elses');
    await move(hubs[1]!);
    expect(client.socket.recovered).toBe(false);
  });

  test('[P93] after its time, a session is gone', async () => {
    const brief = await open({ connectionRecoveryMs: 50 });
    scope.defer(brief, (opened) => opened.close());
    const store = createClient({ url: redis.url });
    scope.defer(await store.connect(), (connected) => connected.close());
    const { client, move } = await travel(brief);
    const { _pid: pid } = client.socket as unknown as { _pid: string };
    await move(brief, () => waitFor(async () => (await store.exists(`rc:session:${pid}`)) === 0));
    expect(client.socket.recovered).toBe(false);
  });

  test('[P91] clients that do not ask have no pid, and their messages one argument', async () => {
    const [room] = roomNames('plain') as [string];
    const { client } = await travel(hubs[0]!);
    const plain = await connectClient(scope, hubs[0]!.url);
    for (const one of [client, plain]) await one.subscribe(room);
    const { id } = await hubs[1]!.publish(room, 'text');
    await Promise.all([client, plain].map((one) => one.hears(id)));
    const argsOf = (one: StockClient) => one.heard.filter(({ event }) => event === 'message').map(({ args }) => args.length);
    expect(argsOf(client)).toEqual([2]);
    expect(argsOf(plain)).toEqual([1]);
    expect((plain.socket as unknown as { _pid?: string })._pid).toBeUndefined();
  });

  test('[P91] where all clients are to recover, one that says nothing does on the other instance; the SDK and those that say no do not take part', async () => {
    const forAll = await Promise.all([open({ connectionRecoveryFor: 'all' }), open({ connectionRecoveryFor: 'all' })]);
    for (const hub of forAll) scope.defer(hub, (opened) => opened.close());
    const [room] = roomNames('all') as [string];
    const { client, move } = await travel(forAll[0]!, { auth: { guestKey: newKey() } });
    const declining = await connectClient(scope, forAll[0]!.url, { auth: { guestKey: newKey(), recovery: false } });
    const sdk = scope.defer(connect(forAll[0]!.url, { guestKey: newKey() }), (hub) => hub.close());
    const sdkRoom = sdk.room(room as RoomName);
    await sdkRoom.ready;
    for (const one of [client, declining]) await one.subscribe(room);
    const { id } = await forAll[1]!.publish(room, 'heard');
    await Promise.all([client, declining].map((one) => one.hears(id)));
    await move(forAll[1]!, () => forAll[1]!.publish(room, 'missed'));
    expect(client.socket.recovered).toBe(true);
    await waitFor(() => client.of(room).length === 2);
    expect(seqs(client.of(room))).toEqual([1, 2]);
    for (const { socket } of [declining, sdk]) expect((socket as unknown as { _pid?: string })._pid).toBeUndefined();
  });

  test('[P93] who leaves does not come back to what was left, unless it ends the transport only', async () => {
    const { client } = await travel(hubs[0]!);
    client.socket.io.engine.close();
    await waitFor(() => client.socket.connected && client.socket.recovered);
    client.socket.disconnect();
    client.socket.connect();
    await waitFor(() => client.socket.connected);
    expect(client.socket.recovered).toBe(false);
  });
});

describe('an embedded hub that ends and is started again', () => {
  const env = { ROOMCAST_LIMITS: 'off' };
  const restart = (hub: HubProcess) => startHub(scope, { env, port: hub.port, dataDir: hub.dataDir });

  test.each(['SIGKILL', 'SIGTERM'] as const)(
    '[P92] by %s: its clients are in their rooms again, with their data and what they missed',
    async (signal) => {
      const hub = await startHub(scope, { env });
      const rooms = roomNames('a', 'b');
      const sender = await connectClient(scope, hub.url);
      const { client, move } = await travel(hub);
      for (const room of rooms) await client.subscribe(room);
      for (const room of rooms) await client.hears((await sender.publish(room, 'heard')).id);
      await move(hub, async () => {
        for (const room of rooms) for (let n = 0; n < 5; n++) await sender.publish(room, 'missed');
        hub.signal(signal);
        await hub.exited;
        await restart(hub);
      });
      expect(client.socket.recovered).toBe(true);
      await expectExact(client, await connectClient(scope, hub.url), rooms, [6, 6]);
    },
    180_000,
  );

  test('[P92] its clients come back by themselves, and go on where they were', async () => {
    const hub = await startHub(scope, { env });
    const [room] = roomNames('a') as [string];
    const { client, back } = await travel(hub);
    await client.subscribe(room);
    hub.signal('SIGTERM');
    await hub.exited;
    await waitFor(() => !client.socket.connected);
    await restart(hub);
    await back();
    expect(client.socket.recovered).toBe(true);
    await expectExact(client, await connectClient(scope, hub.url), [room], [0]);
  });
});

describe.each(['turn', 'stock'] as const)('the embedded engine, delivery %s', (delivery) => {
  test.each([[['websocket']], [['polling']]])(
    '[P92] a client on %s that was cut off comes back to the same process, and misses nothing',
    async (transports) => {
      const hub = await openMemoryHub(scope, { limits: false, delivery });
      const rooms = roomNames('a', 'b', 'c');
      const sender = await connectClient(scope, hub.url);
      const { client, move } = await travel(hub, { auth: { recovery: true, guestKey: newKey() }, transports });
      for (const room of rooms) await client.subscribe(room);
      const publishing = publishOn(sender, rooms);
      for (let round = 0; round < 4; round++) {
        const heard = client.messages.length;
        await waitFor(() => client.messages.length > heard + 20);
        await move(hub);
        expect(client.socket.recovered).toBe(true);
      }
      await expectExact(client, sender, rooms, await publishing.stop());
    },
    180_000,
  );

  test('[P93] in memory, another process is another beginning', async () => {
    const [one, two] = [await openMemoryHub(scope, { delivery }), await openMemoryHub(scope, { delivery })];
    const { client, move } = await travel(one);
    await client.subscribe('chat:x');
    await move(two);
    expect(client.socket.recovered).toBe(false);
  });
});
