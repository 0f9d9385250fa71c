import { once } from 'node:events';
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { beforeAll, expect, test } from '@jest/globals';
import { writeCertificate } from './support/certificate.js';
import { whenReady } from './support/cluster.js';
import { temporaryDir } from './support/files.js';
import { get } from './support/http.js';
import { type HubProcess, runRoomcast, spawnHub, startHub } from './support/hub-process.js';
import { startRedis, type TestRedis } from './support/redis.js';
import { fileScope, type Scope, testScope } from './support/scope.js';
import { connectClient, countFrom, type StockClient, seqs } from './support/stock-client.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const file = fileScope();
let redis: TestRedis;
beforeAll(async () => {
  redis = file.defer(await startRedis(), (started) => started.stop());
});

/** `roomcast serve --instances <count>`, ready. */
async function serve(owner: Scope, count: number, { env = {}, args = [] }: { env?: Record<string, string>; args?: string[] } = {}) {
  const hub = await startHub(owner, {
    args: ['--instances', String(count), ...args],
    env: { REDIS_URL: redis.url, ROOMCAST_REDIS_PREFIX: crypto.randomUUID().slice(0, 8), ROOMCAST_LIMITS: 'off', ...env },
  });
  if (hub.url.startsWith('http:')) await whenReady(hub);
  // What is logged may come behind the line with the address.
  await waitFor(() => readyOnes(hub).length === count, { what: 'all processes to say that they are ready' });
  return hub;
}

/** The processes that became ready, in that order. */
function readyOnes(hub: Pick<HubProcess, 'output'>): { instance: number; pid: number }[] {
  const lines = hub.output().split('\n');
  return lines.filter((line) => line.includes('"an instance is ready"')).map((line) => JSON.parse(line));
}

/** What a scrape of one process tells of all, each by its name. One that is too busy to answer is left out, until the next scrape. */
function metricsOf(hub: Pick<HubProcess, 'url'>, count: number, headers: Record<string, string> = {}): Promise<string> {
  return waitFor(
    async () => {
      const { text: metrics } = await get(`${hub.url}/metrics`, headers);
      const places = new Set(metrics.match(/(?<=process=")\d(?=")/g));
      return places.size === count ? metrics : undefined;
    },
    { what: `the metrics of ${count} processes` },
  );
}

/** TCP connections that a process holds, its listening socket included. */
async function connectionsOpenIn(pid: number): Promise<number> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8')));
  const inodes = new Set(tables.flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)[9])));
  const files = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(files.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  return links.filter((link) => inodes.has(/^socket:\[(\d+)\]$/.exec(link)?.[1] ?? '')).length;
}

/** The process of each place: the last that became ready there. */
const pidsOf = (hub: Pick<HubProcess, 'output'>) => new Map(readyOnes(hub).map(({ instance, pid }) => [instance, pid]));

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** The process that holds a client's session; the first ones have the number of their place. */
const holderOf = ({ socket }: StockClient) => Number((socket.io.engine as unknown as { id: string }).id.split('-')[0]);

/** A client that subscribes again whenever it comes back, after the last message it has. */
async function member(url: string, room: string, transports: string[]): Promise<StockClient> {
  // Each request of long-polling comes on a connection of its own. On kept ones, which clients in one process share, Node's XMLHttpRequest
  // repeats a request that broke and forgets to end it.
  const client = await connectClient(scope, url, { transports, agent: new Agent() as never });
  await client.subscribe(room);
  client.socket.on('welcome', () => {
    const last = client.of(room).at(-1)?.position;
    // With a callback: behind a promise the events that follow the acknowledgement at once would be heard first.
    client.socket.emit('subscribe', { room, ...(last ? { since: last } : { last: 500 }) }, (answer) => {
      if (answer.ok) client.messages.push(...answer.messages);
    });
  });
  return client;
}

const KINDS = [['polling', 'websocket'], ['polling'], ['websocket']];

function members(url: string, room: string, count: number): Promise<StockClient[]> {
  return Promise.all(Array.from({ length: count }, (_, n) => member(url, room, KINDS[n % KINDS.length]!)));
}

test('40 clients of every transport on three processes chat in one room: all hear one gapless order', async () => {
  const hub = await serve(scope, 3);
  const room = 'chat:cores';
  const clients = await members(hub.url, room, 40);
  const upgraded = clients.filter((_, n) => n % KINDS.length === 0);
  await waitFor(() => upgraded.every(({ socket }) => socket.io.engine.transport.name === 'websocket'), { what: 'all upgrades' });
  expect(new Set(clients.map(holderOf))).toEqual(new Set([1, 2, 3]));

  await Promise.all(clients.flatMap((client, who) => countFrom(0, 10).map((n) => client.publish(room, { text: `${who} ${n}` }))));
  await waitFor(() => clients.every((client) => client.of(room).length >= 400), { what: '400 messages at each', timeoutMs: 60_000 });
  const order = clients[0]!.of(room).map(({ id }) => id);
  expect(seqs(clients[0]!.of(room))).toEqual(countFrom(1, 400));
  for (const client of clients) expect(client.of(room).map(({ id }) => id)).toEqual(order);

  const metrics = await metricsOf(hub, 3);
  const held = [...metrics.matchAll(/^roomcast_connections\{transport="(?:polling|websocket)",process="(\d)"\} (\d+)$/gm)];
  expect(held.reduce((sum, [, , open]) => sum + Number(open), 0)).toBe(40);
  expect(metrics.match(/^# TYPE roomcast_connections /gm)).toHaveLength(1);
  const publications = [...metrics.matchAll(/^roomcast_messages_published_total\{kind="chat",process="\d"\} (\d+)$/gm)];
  expect(publications.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(400);
  await hub.printed(/"instance":3,.*"Redis: connected"/);
  // The primary has given all of them away.
  await waitFor(async () => (await connectionsOpenIn(hub.pid)) === 1, { what: 'the primary to hold no client' });
});

/** One HTTP request over the one connection of its agent. */
async function ask(agent: Agent, url: string, method = 'GET', body = ''): Promise<{ status: number; text: string }> {
  const asked = request(url, { agent, method, headers: { 'content-type': 'text/plain;charset=UTF-8' } }).end(body);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: answer.statusCode!, text: await text(answer) };
}

test('sessions that share a connection, as tabs of one browser do, each reach their own process', async () => {
  const hub = await serve(scope, 3);
  const polling = `${hub.url}/socket.io/?EIO=4&transport=polling`;
  const agents = countFrom(1, 3).map(() => scope.defer(new Agent({ keepAlive: true, maxSockets: 1 }), (agent) => agent.destroy()));
  const opened = await Promise.all(agents.map((agent) => ask(agent, polling)));
  const sids = opened.map(({ text: handshake }) => String(JSON.parse(handshake.slice(1)).sid));
  expect(new Set(sids.map((sid) => sid.split('-')[0]))).toEqual(new Set(['1', '2', '3']));
  for (const agent of agents) {
    for (const sid of sids) {
      expect(await ask(agent, `${polling}&sid=${sid}`, 'POST', '3')).toEqual({ status: 200, text: 'ok' });
    }
  }
  // Whatever names a process that is none, or never was, gets the answer that makes a client begin anew.
  for (const sid of ['99-abc', '0-abc', 'abc', '1-abc', '../2']) {
    expect(await ask(agents[0]!, `${polling}&sid=${sid}`)).toMatchObject({
      status: 400,
      text: expect.stringContaining('Session ID unknown'),
    });
  }
});

test('a process that is killed amid messages is started again; its clients come back, nobody else notices, nobody misses anything', async () => {
  const hub = await serve(scope, 3);
  const room = 'chat:crash';
  const clients = await members(hub.url, room, 12);
  const upgraded = clients.filter((_, n) => n % KINDS.length === 0);
  await waitFor(() => upgraded.every(({ socket }) => socket.io.engine.transport.name === 'websocket'), { what: 'all upgrades' });
  const speaker = clients.find((client, n) => holderOf(client) !== 2 && n % KINDS.length !== 1)!;
  await speaker.publish(room, { text: 'before' });
  const theirs = clients.filter((client) => holderOf(client) === 2);
  const others = clients.filter((client) => holderOf(client) !== 2);
  expect(theirs.length).toBeGreaterThan(0);
  const interrupted: StockClient[] = [];
  for (const client of clients) client.socket.on('disconnect', () => interrupted.push(client));

  let said = 1;
  let goesOn = true;
  const speak = async () => {
    for (; goesOn; said++) await speaker.publish(room, { text: 'on' });
  };
  const speaking = [speak(), speak()];
  await waitFor(() => clients.every((client) => client.of(room).length > 20), { what: 'messages at all' });
  process.kill(pidsOf(hub).get(2)!, 'SIGKILL');
  await waitFor(() => theirs.every((client) => interrupted.includes(client)), { what: 'the killed process to be missed' });
  await hub.printed(/"instance":2,.*SIGKILL.*started again/);
  await waitFor(() => readyOnes(hub).length === 4, { what: 'the process to be started again' });
  await waitFor(() => clients.every(({ socket }) => socket.connected), { what: 'all clients to be back' });
  goesOn = false;
  await Promise.all(speaking);
  await waitFor(() => clients.every((client) => client.of(room).length >= said), { what: `${said} messages at each` });
  for (const client of clients) expect(seqs(client.of(room))).toEqual(countFrom(1, said));
  // A poll of another process' session may just have been on its way through the killed one.
  const lasting = others.filter(({ socket }) => socket.io.engine.transport.name === 'websocket');
  expect(lasting.length).toBeGreaterThan(0);
  expect(interrupted.filter((client) => lasting.includes(client))).toEqual([]);

  // The new process takes its share of those who come next.
  const fresh = await Promise.all(countFrom(0, 12).map(() => connectClient(scope, hub.url)));
  expect([...clients, ...fresh].map(holderOf)).toContain(4);
});

test('SIGTERM ends all processes, and the exit code is 0', async () => {
  const hub = await serve(scope, 2);
  await members(hub.url, 'chat:end', 6);
  const pids = [...pidsOf(hub).values()];
  hub.signal('SIGTERM');
  expect(await hub.exited).toEqual({ code: 0, signal: null });
  expect(pids.filter(isRunning)).toEqual([]);
});

test('a second SIGTERM ends it at once, and what was left running ends by itself', async () => {
  // Longer than this takes: the primary insists only after its drain time.
  const hub = await serve(scope, 2, { env: { ROOMCAST_DRAIN_MS: '60000' } });
  const stuck = pidsOf(hub).get(1)!;
  process.kill(stuck, 'SIGSTOP');
  hub.signal('SIGTERM');
  await waitFor(() => !isRunning(pidsOf(hub).get(2)!), { what: 'the other process to end' });
  hub.signal('SIGTERM');
  // `exited` waits for the output too, which the stopped process still holds.
  await waitFor(() => !isRunning(hub.pid), { what: 'the primary to end' });
  process.kill(stuck, 'SIGCONT');
  expect(await hub.exited).toEqual({ code: null, signal: 'SIGTERM' });
  await waitFor(() => !isRunning(stuck), { what: 'the stuck process to end' });
});

test('without their primary the processes drain and end', async () => {
  const hub = await serve(scope, 2);
  const pids = [...pidsOf(hub).values()];
  hub.signal('SIGKILL');
  await waitFor(() => !pids.some(isRunning), { what: 'the processes to end' });
  expect(await hub.exited).toEqual({ code: null, signal: 'SIGKILL' });
});

test('SIGUSR2 replaces the processes one after the other: no request fails, no client misses anything', async () => {
  const hub = await serve(scope, 3);
  const room = 'chat:rolling';
  const clients = await members(hub.url, room, 12);
  const kept = scope.defer(new Agent({ keepAlive: true, maxSockets: 1 }), (agent) => agent.destroy());
  const before = pidsOf(hub);
  const failures: unknown[] = [];
  let rolling = true;
  const askOn = async (agent: Agent | undefined, path: string) => {
    while (rolling) {
      const answer = await ask(agent ?? new Agent(), `${hub.url}${path}`).catch((error: unknown) => error);
      if ((answer as { status?: number }).status !== 200) failures.push(answer);
    }
  };
  const asking = [askOn(undefined, '/api/rooms'), askOn(undefined, '/healthz'), askOn(kept, '/readyz')];
  const speaker = await connectClient(scope, hub.url);
  let said = 0;
  const speak = async () => {
    // The last one too is said until it is acknowledged.
    for (let sent = true; rolling || !sent; said += Number(sent)) {
      sent = await speaker.publish(room, { text: 'on' }, { id: `on-${said}` }).then(
        () => true,
        () => false,
      );
    }
  };
  asking.push(speak());
  hub.signal('SIGUSR2');
  await hub.printed(/all instances were replaced/, 120_000);
  rolling = false;
  await Promise.all(asking);

  expect(failures).toEqual([]);
  const after = pidsOf(hub);
  expect([...after.keys()].sort()).toEqual([1, 2, 3]);
  for (const [place, pid] of before) {
    expect(after.get(place)).not.toBe(pid);
    expect(isRunning(pid)).toBe(false);
  }
  await waitFor(() => clients.every((client) => client.of(room).length >= said), { what: `${said} messages at each` });
  for (const client of clients) expect(seqs(client.of(room))).toEqual(countFrom(1, said));
});

test('over TLS a session of long-polling reaches its process, and upgrades', async () => {
  const { cert, key } = await writeCertificate(await temporaryDir(scope), 'instances');
  const hub = await serve(scope, 3, { args: ['--tls-cert', cert, '--tls-key', key] });
  const ca = await readFile(cert, 'utf8');
  const clients = await Promise.all(
    countFrom(0, 12).map((n) => connectClient(scope, hub.url, { transports: KINDS[n % 2]!, ca } as Parameters<typeof connectClient>[2])),
  );
  const upgrading = clients.filter((_, n) => n % 2 === 0);
  await waitFor(() => upgrading.every(({ socket }) => socket.io.engine.transport.name === 'websocket'), { what: 'the upgrades' });
  expect(new Set(clients.map(holderOf)).size).toBe(3);
  await Promise.all(clients.map((client) => client.subscribe('chat:tls')));
  await Promise.all(clients.map((client) => client.publish('chat:tls', { text: 'hello' })));
  await waitFor(() => clients.every((client) => client.of('chat:tls').length === 12), { what: 'all messages at all' });
  // Replacing all when the new ones cannot start leaves the old ones where they are.
  await writeFile(key, 'no key');
  hub.signal('SIGUSR2');
  await hub.printed(/no instance was replaced from here on/);
  expect((await clients[0]!.publish('chat:tls', { text: 'still here' })).id).toBeDefined();
  expect(clients.every(({ socket }) => socket.connected)).toBe(true);
});

test('clients that say nothing, or too much, or break off hold up nobody', async () => {
  const hub = await serve(scope, 2);
  const open = async (words: string) => {
    const socket = scope.defer(connect(hub.port, '127.0.0.1'), (held) => held.destroy());
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(words);
    return socket;
  };
  await Promise.all(countFrom(0, 200).map((n) => open(n % 2 ? '' : 'GET /socket.io/?sid=1-')));
  const loud = await open('GET /healthz HTTP/1.1\r\nHost: x\r\nX: ');
  loud.resume().write('x'.repeat(1024 ** 2));
  await new Promise((resolve) => loud.once('close', resolve));
  const gone = await Promise.all(countFrom(0, 50).map(() => open('GET /socket.io/?EIO=4&transport=websocket&sid=2-x HTTP/1.1\r\nUpg')));
  for (const socket of gone) socket.resetAndDestroy();
  const clients = await members(hub.url, 'chat:calm', 6);
  await clients[0]!.publish('chat:calm', { text: 'hello' });
  await waitFor(() => clients.every((client) => client.of('chat:calm').length === 1), { what: 'the message at all' });
  expect(readyOnes(hub)).toHaveLength(2);
});

test('a client cannot say what its address is, nor ask one process for another one’s inside', async () => {
  const hub = await serve(scope, 2, {
    env: { ROOMCAST_LIMITS: 'on', ROOMCAST_CONNECTIONS_PER_ADDRESS: '3', ROOMCAST_METRICS_TOKEN: 'scraper' },
  });
  for (const process of [1, 2]) {
    const answer = await get(`${hub.url}/?sid=${process}-x`, { 'x-roomcast-client-address': '' });
    expect(answer.text).not.toContain('roomcast_connections');
  }
  expect((await get(`${hub.url}/metrics`)).status).toBe(401);
  await metricsOf(hub, 2, { authorization: 'Bearer scraper' });
  const polling = `${hub.url}/socket.io/?EIO=4&transport=polling`;
  const claim = (n: number) => get(polling, { 'x-roomcast-client-address': `10.0.0.${n}` });
  const answers = [];
  for (const n of countFrom(1, 4)) answers.push((await claim(n)).status);
  expect(answers).toEqual([200, 200, 200, 429]);
});

test.each([
  ['the embedded store', ['--instances', '2'], /^roomcast: instances is 2, and the lmdb store belongs to one process: set REDIS_URL/],
  ['the store in memory', ['--instances', '2', '--store', 'memory'], /^roomcast: instances is 2, and the memory store belongs to one/],
  ['no instance', ['--instances', '0'], /^roomcast: --instances is "0": it takes a whole number from 1 to 256, or auto$/],
  ['a word', ['--instances', 'many'], /^roomcast: --instances is "many": it takes a whole number from 1 to 256, or auto$/],
])('%s: one line says what instances needs', async (_what, args, line) => {
  const { code, output } = await runRoomcast(scope, ['serve', '--port', '0', ...args]);
  expect({ code, lines: output.trim().split('\n') }).toEqual({ code: 2, lines: [expect.stringMatching(line)] });
});

test('auto is one process with the embedded store, and says so', async () => {
  const hub = await startHub(scope, { args: ['--instances', 'auto'] });
  expect(hub.output()).toMatch(/^instances is auto, and the lmdb store belongs to one process: 1 instance/m);
  expect((await get(`${hub.url}/readyz`)).status).toBe(200);
});

test('a port in use ends the start with one line', async () => {
  const taken = scope.defer(createServer().listen(0, '127.0.0.1'), (server) => server.close());
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const { hub } = await spawnHub(scope, { port, args: ['--instances', '2'], env: { REDIS_URL: redis.url } });
  expect(await hub.exited).toEqual({ code: 1, signal: null });
  expect(hub.output()).toMatch(/^roomcast: port \d+ on 127.0.0.1 is in use[^\n]*\n$/);
});

test('what no process can start with ends the whole with one line, not with a loop', async () => {
  const dir = await temporaryDir(scope);
  await writeFile(`${dir}/cert.pem`, 'no certificate');
  const args = ['--instances', '3', '--tls-cert', `${dir}/cert.pem`, '--tls-key', `${dir}/cert.pem`];
  const { hub } = await spawnHub(scope, { args, env: { REDIS_URL: redis.url } });
  expect(await hub.exited).toEqual({ code: 1, signal: null });
  const said = hub
    .output()
    .split('\n')
    .filter((line) => line.startsWith('roomcast: '));
  expect(said).toEqual([expect.stringMatching(/are no certificate and key that fit/)]);
  expect(hub.output()).not.toContain('started again');
});
