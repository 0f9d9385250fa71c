import { connect, createServer, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { createClient } from 'redis';
import { startRedis, type TestRedis } from '../../test/support/redis.js';
import { testScope } from '../../test/support/scope.js';
import { waitFor } from '../../test/support/wait.js';
import { openRedisLink, type RedisLink, type RedisLinkOptions } from './redis-link.js';

const silent = { info() {}, warn() {}, error() {} };
const scope = testScope();

async function redis(options?: Parameters<typeof startRedis>[0]): Promise<TestRedis> {
  return scope.defer(await startRedis(options), (started) => started.stop());
}

function link(url: string, options: Partial<RedisLinkOptions> = {}): RedisLink {
  const opened = openRedisLink({ url, log: silent, commandTimeoutMs: 500, probeIntervalMs: 200, ...options });
  scope.defer(opened, (open) => open.close());
  return opened;
}

/** Keeps the event loop from everything. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, ms);
}

/** Hears a channel and writes down what came. */
async function hear(from: RedisLink, channel: string) {
  const heard: string[] = [];
  let doubts = 0;
  const end = await from.subscribe(channel, {
    message: (payload) => heard.push(payload.toString()),
    doubt: () => doubts++,
  });
  return { heard, end, doubts: () => doubts };
}

/** TCP in front of Redis whose connections stay open while it swallows all bytes, the subscriber's, or the published messages. */
async function blackHole(port: number) {
  let swallow: 'nothing' | 'all' | 'subscriber' | 'messages' = 'nothing';
  const subscribers = new Set<Socket>();
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const swallows = () => swallow === 'all' || (swallow === 'subscriber' && subscribers.has(near));
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => {
        if (from === near && bytes.includes('SSUBSCRIBE'.toLowerCase())) subscribers.add(near);
        const message = swallow === 'messages' && bytes.includes('smessage');
        if (!swallows() && !message) to.write(bytes);
      });
      from.on('error', () => {});
      from.on('close', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.defer(server, (open) => {
    for (const socket of sockets) socket.destroy();
    open.close();
  });
  const address = server.address() as { port: number };
  return {
    url: `redis://127.0.0.1:${address.port}`,
    swallow(what: typeof swallow) {
      swallow = what;
    },
  };
}

test('several listeners share one subscription, and the last that goes ends it', async () => {
  const { url } = await redis();
  const a = link(url);
  await a.whenUp();
  const first = await hear(a, 'ch');
  const second = await hear(a, 'ch');
  expect(await a.publish('ch', 'one')).toBe(1);
  await waitFor(() => second.heard.length === 1);
  first.end();
  await a.publish('ch', 'two');
  await waitFor(() => second.heard.length === 2);
  second.end();
  await waitFor(async () => (await a.publish('ch', 'three')) === 0);
  expect(first.heard).toEqual(['one']);
});

test('a listener that throws does not keep the message from the others', async () => {
  const { url } = await redis();
  const a = link(url);
  await a.whenUp();
  await a.subscribe('ch', {
    message() {
      throw new Error('mine');
    },
  });
  const other = await hear(a, 'ch');
  await a.publish('ch', 'one');
  await waitFor(() => other.heard.length === 1);
  expect(a.counters.reconnects).toBe(0);
});

test('without Redis at start commands and subscriptions are refused, and all comes up with it', async () => {
  const first = await redis();
  await first.kill('SIGKILL');
  const a = link(first.url);
  await expect(a.run((client) => client.ping())).rejects.toMatchObject({ code: 'unavailable' });
  await expect(hear(a, 'ch')).rejects.toMatchObject({ code: 'unavailable' });
  const patient: string[] = [];
  a.keepSubscribed('patient', { message: (payload) => patient.push(payload.toString()) });
  await redis({ port: first.port });
  await a.whenUp();
  await a.publish('patient', 'came');
  await waitFor(() => patient.length === 1);
  await expect(a.run((client) => client.ping())).resolves.toBe('PONG');
});

test('the first attempt to connect is over when Redis is reached, refuses, or does not answer', async () => {
  const there = await redis();
  const reached = link(there.url);
  await reached.tried;
  expect(reached.ready()).toBe(true);
  const hole = await blackHole(there.port);
  hole.swallow('all');
  const hanging = link(hole.url);
  await hanging.tried;
  expect(hanging.ready()).toBe(false);
  await there.kill('SIGKILL');
  const refused = link(there.url);
  await refused.tried;
  expect(refused.ready()).toBe(false);
});

test('a Redis that is killed and started again is used again, with all channels, and each listener is in doubt', async () => {
  const first = await redis();
  const a = link(first.url);
  await a.whenUp();
  const downs: string[] = [];
  a.onDown((reason) => downs.push(reason));
  const one = await hear(a, 'one');
  const two = await hear(a, 'two');
  await first.kill('SIGKILL');
  await waitFor(() => !a.ready());
  await expect(a.publish('one', 'lost')).rejects.toMatchObject({ code: expect.stringMatching(/^(unavailable|timeout)$/) });
  expect(a.counters.publishFailures).toBe(1);
  await redis({ port: first.port });
  await waitFor(() => one.doubts() === 1 && two.doubts() === 1);
  expect(downs).toHaveLength(1);
  await a.publish('one', 'x');
  await a.publish('two', 'y');
  await waitFor(() => one.heard.length === 1 && two.heard.length === 1);
  expect(one.heard).toEqual(['x']);
});

test('a stopped Redis is refused within the time-out, noticed on both connections, and used again when it goes on', async () => {
  const stopped = await redis();
  const a = link(stopped.url);
  await a.whenUp();
  const heard = await hear(a, 'ch');
  await stopped.kill('SIGSTOP');
  await expect(a.run((client) => client.set('k', 'v'))).rejects.toMatchObject({ code: 'timeout' });
  await waitFor(() => a.counters.reconnects === 2);
  await expect(a.run((client) => client.ping())).rejects.toMatchObject({ code: 'unavailable' });
  await stopped.kill('SIGCONT');
  await a.whenUp();
  await waitFor(() => heard.doubts() >= 1);
  await a.publish('ch', 'after');
  await waitFor(() => heard.heard.includes('after'));
});

test('connections that swallow everything are noticed though nobody uses them', async () => {
  const { port } = await redis();
  const hole = await blackHole(port);
  const a = link(hole.url);
  await a.whenUp();
  hole.swallow('all');
  await waitFor(() => !a.ready());
  hole.swallow('nothing');
  await a.whenUp();
  await expect(a.run((client) => client.ping())).resolves.toBe('PONG');
});

test('a subscriber that hears nothing is made anew while commands go on', async () => {
  const { port } = await redis();
  const hole = await blackHole(port);
  const a = link(hole.url);
  await a.whenUp();
  const heard = await hear(a, 'ch');
  hole.swallow('subscriber');
  await waitFor(() => a.counters.reconnects >= 1);
  hole.swallow('nothing');
  await waitFor(() => heard.doubts() >= 1);
  await a.publish('ch', 'after');
  await waitFor(() => heard.heard.includes('after'));
});

test('a subscriber that answers but gets no messages is made anew', async () => {
  const { port } = await redis();
  const hole = await blackHole(port);
  const a = link(hole.url);
  await a.whenUp();
  hole.swallow('messages');
  await waitFor(() => a.counters.silences >= 1);
  hole.swallow('nothing');
  await a.whenUp();
  const heard = await hear(a, 'ch');
  await a.publish('ch', 'after');
  await waitFor(() => heard.heard.includes('after'));
});

test('a connection that Redis cut off comes back, and a subscription that Redis lost is made anew', async () => {
  const { url } = await redis();
  const a = link(url);
  await a.whenUp();
  const heard = await hear(a, 'ch');
  const admin = createClient({ url });
  await admin.connect();
  scope.defer(admin, (open) => open.destroy());
  await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
  await waitFor(() => heard.doubts() === 1);
  await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
  await waitFor(() => a.counters.reconnects >= 2);
  await a.whenUp();
  await a.publish('ch', 'after');
  await waitFor(() => heard.heard.includes('after'));
});

test('preparations run on each command connection before any command', async () => {
  const first = await redis();
  const a = link(first.url);
  await a.whenUp();
  a.onConnect((client) => client.set('prepared', 'yes'));
  await waitFor(() => a.run((client) => client.get('prepared')));
  await first.kill('SIGKILL');
  await waitFor(() => !a.ready());
  await redis({ port: first.port });
  await a.whenUp();
  expect(await a.run((client) => client.get('prepared'))).toBe('yes');
});

test('a process that is too busy to read the answers in time connects all the same', async () => {
  const { url } = await redis();
  const a = link(url);
  a.onConnect(async (client) => {
    // Longer than an attempt may hang.
    pause(1_200);
    await client.ping();
  });
  await a.whenUp();
  expect(await a.run((client) => client.ping())).toBe('PONG');
});

test('many channels are all subscribed again', async () => {
  const { url } = await redis();
  const a = link(url);
  await a.whenUp();
  const names = Array.from({ length: 1_200 }, (_, i) => `ch${i}`);
  const listeners = await Promise.all(names.map((name) => hear(a, name)));
  await a.run((client) => client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']));
  await waitFor(() => listeners.every(({ doubts }) => doubts() === 1));
  const receivers = await Promise.all(names.map((name) => a.publish(name, 'x')));
  expect(receivers.every((count) => count === 1)).toBe(true);
});

test('errors of Redis have the code that says what to do', async () => {
  const { url } = await redis({ args: ['--maxmemory', '10kb'] });
  const a = link(url);
  await a.whenUp();
  await expect(a.run((client) => client.set('k', 'v'))).rejects.toMatchObject({ code: 'storage_full' });
  await expect(a.run((client) => client.sendCommand(['NONSENSE']))).rejects.toMatchObject({ code: 'internal' });
});

test('the durability that Redis is set to is said', async () => {
  const none = await redis();
  const aof = await redis({
    args: ['--appendonly', 'yes', '--appendfsync', 'everysec', '--maxmemory', '1gb', '--maxmemory-policy', 'allkeys-lru'],
  });
  const a = link(none.url);
  const b = link(aof.url);
  await Promise.all([a.whenUp(), b.whenUp()]);
  expect(a.durability).toMatch(/no persistence.*loses all rooms/);
  expect(b.durability).toMatch(/AOF everysec.*up to 1 s.*allkeys-lru/);
});
