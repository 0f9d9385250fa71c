import { describe, expect, test } from '@jest/globals';
import { configFrom } from '../server/config.js';
import { type StartedHub, startHub } from '../server/start-hub.js';
import { whenReady } from './support/cluster.js';
import { metricOf, openMemoryHub } from './support/memory-hub.js';
import { startRedisCluster, type TestRedisCluster } from './support/redis-cluster.js';
import { testScope } from './support/scope.js';
import { connectClient } from './support/stock-client.js';
import { expectExact, newKey, publishOn, roomNames, travel } from './support/traveller.js';
import { waitFor } from './support/wait.js';

const scope = testScope();

describe('on a Redis Cluster of three masters', () => {
  const open = async (redisUrl: string): Promise<StartedHub> => {
    const hub = await startHub(configFrom({ redisUrl, port: 0, web: false, hostMetrics: false, logLevel: 'silent', limits: false }));
    scope.defer(hub, (opened) => opened.close());
    await whenReady(hub);
    return hub;
  };

  /** One on each master. */
  async function roomsOfEach(cluster: TestRedisCluster): Promise<string[]> {
    const rooms = new Map<number, string>();
    while (rooms.size < cluster.masters.length) {
      const [room] = roomNames('r') as [string];
      rooms.set((await cluster.ownerOf(await cluster.slotOf(room))).port, room);
    }
    return [...rooms.values()];
  }

  test('[P92] a client in rooms of all masters is exact on the other instance, round after round, on either transport', async () => {
    const cluster = scope.defer(await startRedisCluster(), (started) => started.stop());
    const hubs = await Promise.all([open(cluster.url), open(cluster.url)]);
    const rooms = await roomsOfEach(cluster);
    const sender = await connectClient(scope, hubs[1]!.url);
    const travellers = await Promise.all(
      ['websocket', 'polling'].map((transport) =>
        travel(scope, hubs[0]!, { transports: [transport], auth: { recovery: true, guestKey: newKey() } }),
      ),
    );
    for (const { client } of travellers) for (const room of rooms) await client.subscribe(room);
    const publishing = publishOn(sender, rooms);
    for (let round = 1; round <= 2; round++) {
      for (const { client, move } of travellers) {
        const heard = client.messages.length;
        await waitFor(() => client.messages.length > heard + 20);
        await move(hubs[round % 2]!);
        expect(client.socket.recovered).toBe(true);
      }
    }
    const counts = await publishing.stop();
    for (const [n, { client }] of travellers.entries())
      await expectExact(
        client,
        sender,
        rooms,
        counts.map((count) => count + n),
      );
  });

  test('[P93] with the master of one of its rooms gone nothing is claimed, and the others can be subscribed to', async () => {
    const cluster = scope.defer(await startRedisCluster(), (started) => started.stop());
    const hub = await open(cluster.url);
    const rooms = await roomsOfEach(cluster);
    const { client, move } = await travel(scope, hub);
    for (const room of rooms) await client.subscribe(room);
    const gone = await cluster.ownerOf(await cluster.slotOf(rooms[0]!));
    await move(hub, () => gone.stop());
    // Undefined where the new session would have been on that master: then there is none.
    expect(client.socket.recovered).toBeFalsy();
    await client.subscribe(rooms[1]!);
  });
});

test('[P92] with compression: messages over and below the threshold, offsets and all', async () => {
  const hub = await openMemoryHub(scope, { limits: false, compression: true, compressionThresholdBytes: 500 });
  const rooms = roomNames('small', 'large');
  const sender = await connectClient(scope, hub.url);
  const { client, move } = await travel(scope, hub, {
    auth: { recovery: true, guestKey: newKey() },
    transports: ['websocket'],
    perMessageDeflate: { threshold: 500 },
  });
  for (const room of rooms) await client.subscribe(room);
  const counts = [0, 0];
  for (let round = 0; round < 3; round++) {
    await move(hub, async () => {
      for (let n = 0; n < 20; n++) {
        for (const [i, room] of rooms.entries()) await sender.publish(room, `${n} ${'over and over '.repeat(i * 200)}`);
      }
    });
    for (const i of [0, 1]) counts[i]! += 20;
    expect(client.socket.recovered).toBe(true);
    const heard = client.messages.length;
    // Live ones too, in one turn: a frame of a room and frames of one socket between them.
    await Promise.all(rooms.flatMap((room, i) => [1, 2, 3].map(() => sender.publish(room, 'again '.repeat(i * 200)))));
    for (const i of [0, 1]) counts[i]! += 3;
    await waitFor(() => client.messages.length >= heard + 6);
  }
  await expectExact(client, sender, rooms, counts);
});

describe.each(['turn', 'stock'] as const)('a client that does not read, delivery %s', (delivery) => {
  const LARGE = 'x'.repeat(200_000);

  test('[P92] comes back with all that it was not given while it was held, whether it read again or was cut', async () => {
    const hub = await openMemoryHub(scope, { limits: false, delivery, unsentBytes: 100_000, payloadBytes: 1_000_000 });
    const [room] = roomNames('slow') as [string];
    const sender = await connectClient(scope, hub.url);
    const { client, proxy, move } = await travel(scope, hub, { transports: ['websocket'], auth: { recovery: true, guestKey: newKey() } });
    await client.subscribe(room);
    let count = 0;
    const fill = async () => {
      proxy.blackHole();
      // Past what the system's buffers take.
      while ((await metricOf(hub, 'roomcast_slow_consumers')) === 0) {
        for (let n = 0; n < 10; n++) await sender.publish(room, LARGE);
        count += 10;
      }
      for (let n = 0; n < 10; n++) await sender.publish(room, LARGE);
      count += 10;
    };
    await fill();
    proxy.heal();
    await waitFor(() => client.messages.length === count, { what: 'what it was not given' });
    await move(hub, async () => {
      await sender.publish(room, 'missed');
      count++;
    });
    expect(client.socket.recovered).toBe(true);
    await waitFor(() => client.messages.length === count);
    await fill();
    await move(hub);
    expect(client.socket.recovered).toBe(true);
    await expectExact(client, sender, [room], [count]);
  });
});
