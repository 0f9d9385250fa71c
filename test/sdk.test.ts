import { expect, test } from '@jest/globals';
import type { ConnectOptions, Hub, Publication, Room } from '../client/sdk/roomcast.js';
import { connect, JobError } from '../client/sdk/roomcast.js';
import type { Message } from '../shared/protocol.js';
import { startCluster } from './support/cluster.js';
import { type HubProcess, startHub } from './support/hub-process.js';
import { startNginx } from './support/nginx.js';
import { testScope } from './support/scope.js';
import { startTcpProxy } from './support/tcp-proxy.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const ROOM = 'chat:sdk';
const UNLIMITED = { ROOMCAST_LIMITS: 'off', ROOMCAST_TRUST_PROXY: '1' };

function client(url: string, options: ConnectOptions = {}): Hub {
  const io = { reconnectionDelay: 20, reconnectionDelayMax: 200, ...options.io };
  return scope.defer(connect(url, { outbox: 'memory', answerTimeoutMs: 3_000, publishesPerSecond: 0, ...options, io }), (hub) =>
    hub.close(),
  );
}

interface Reader {
  readonly hub: Hub;
  readonly room: Room;
  readonly texts: string[];
  readonly positions: string[];
  readonly gaps: unknown[];
  /** What became of the connection, and refusals. */
  readonly states: string[];
}

async function read(hub: Hub): Promise<Reader> {
  const room = hub.room(ROOM);
  const reader: Reader = { hub, room, texts: [], positions: [], gaps: [], states: [] };
  room.on('message', (message: Message) => {
    reader.texts.push((message.data as { text: string }).text);
    reader.positions.push(message.position);
  });
  room.on('gap', (gap) => reader.gaps.push(gap));
  room.on('error', (error) => reader.states.push(String(error)));
  hub.on('state', (state) => reader.states.push(`${Math.round(performance.now())} ${state}`));
  await room.ready;
  return reader;
}

/** How a reader stands that does not get on. */
function standing({ hub, room, texts, gaps, states }: Reader): string {
  const { upgrading, readyState, transport } = hub.socket.io.engine as unknown as {
    upgrading?: boolean;
    readyState: string;
    transport: { name: string; readyState: string };
  };
  const engine = [readyState, upgrading ? 'upgrading' : '', transport.name, transport.readyState].join(' ');
  return JSON.stringify({ messages: texts.length, position: room.position, gaps, states, engine, now: Math.round(performance.now()) });
}

const everything = (reader: Reader, count: number) =>
  waitFor(() => reader.texts.length >= count, { what: () => `a reader to have ${count} messages: ${standing(reader)}` });

/** As a network does it: without a word. */
const terminate = (transport: unknown) => (transport as { ws: { terminate(): void } }).ws.terminate();

const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i));
const settled = (publications: readonly Publication[]) => Promise.all(publications.map(({ done }) => done));

async function killHard(hub: HubProcess): Promise<void> {
  hub.signal('SIGKILL');
  await hub.exited;
}

test('over cut connections and a hub that is killed and comes back, every message is stored and read once, in order', async () => {
  const first = await startHub(scope, { env: UNLIMITED });
  const proxy = await startTcpProxy(scope, first);
  const url = `http://127.0.0.1:${proxy.port}`;
  const [writer, reader] = [client(url).room(ROOM), await read(client(url))];
  await writer.ready;
  const all: Publication[] = [];
  const publish = (count: number) => {
    for (let i = 0; i < count; i++) all.push(writer.publish({ text: String(all.length) }));
  };
  for (let round = 0; round < 3; round++) {
    publish(100);
    await waitFor(() => all.at(-50)?.state === 'stored');
    proxy.cut();
    publish(20);
    proxy.heal();
  }
  await settled(all);
  publish(200);
  await waitFor(() => all.at(-150)?.state === 'stored');
  await killHard(first);
  publish(20);
  await startHub(scope, { env: UNLIMITED, dataDir: first.dataDir, port: first.port });
  await settled(all);
  await everything(reader, all.length);
  expect(reader.texts).toEqual(numbers(all.length));
  expect(reader.gaps).toEqual([]);
});

test('a reader whose change to WebSocket breaks half-way reads on, over another connection', async () => {
  const { url } = await startHub(scope, { env: UNLIMITED });
  const hub = client(url);
  let changes = 0;
  hub.socket.io.on('open', () => {
    hub.socket.io.engine.once('upgrading', (transport) => {
      if (changes < 3) terminate(transport);
      changes++;
    });
  });
  const [writer, reader] = [client(url).room(ROOM), await read(hub)];
  const all: Publication[] = [];
  const isThrough = async () => {
    all.push(writer.publish({ text: String(all.length) }));
    await all.at(-1)!.done;
    return changes > 3 && hub.socket.io.engine.transport.name === 'websocket';
  };
  await waitFor(isThrough, { what: () => `the fourth change to WebSocket: ${standing(reader)}` });
  await everything(reader, all.length);
  expect(reader.texts).toEqual(numbers(all.length));
  expect(reader.gaps).toEqual([]);
});

test('clients of an instance that is killed go on at another: all read one sequence, each publisher in its order', async () => {
  const { hubs } = await startCluster(scope, { instances: 3, env: UNLIMITED });
  const front = await startNginx(scope, hubs);
  // Each connection has its own way through the front.
  const clients = Array.from({ length: 6 }, () => client(front.url, { io: { query: { route: crypto.randomUUID() } } }));
  const readers = await Promise.all(clients.map(read));
  const each = 60;
  const publish = (from: number, to: number) =>
    readers.flatMap(({ room }, who) =>
      numbers(to)
        .slice(from)
        .map((n) => room.publish({ text: `${who} ${n}` })),
    );
  const all = publish(0, each / 2);
  await waitFor(() => all.filter(({ state }) => state === 'stored').length > all.length / 2);
  await killHard(hubs[0]!);
  all.push(...publish(each / 2, each));
  await settled(all);
  for (const reader of readers) {
    await everything(reader, all.length);
    expect(reader.positions).toEqual(readers[0]!.positions);
    expect(reader.gaps).toEqual([]);
  }
  for (const who of readers.keys()) {
    const own = readers[0]!.texts.filter((text) => text.startsWith(`${who} `));
    expect(own).toEqual(numbers(each).map((n) => `${who} ${n}`));
  }
});

test('a heavy handler runs to its result; wrong input and an unknown name are refused', async () => {
  const hub = client((await startHub(scope, { env: UNLIMITED })).url);
  const room = hub.room(ROOM);
  await settled(['a red fox', 'a blue bird', 'a red bird'].map((text) => room.publish({ text })));
  const found = await hub.run<{ hits: { text: string }[] }>('search', { room: ROOM, query: 'red' });
  expect(found.hits.map(({ text }) => text)).toEqual(['a red bird', 'a red fox']);
  await expect(hub.run('search', { room: ROOM })).rejects.toMatchObject({ code: 'invalid' });
  await expect(hub.run('nothing', {})).rejects.toMatchObject({ code: 'unknown_job' });
});

test('an aborted handler is cancelled; its progress was told', async () => {
  const hub = client((await startHub(scope, { env: UNLIMITED })).url);
  const abort = new AbortController();
  const progress: number[] = [];
  const options = { key: 'primes', signal: abort.signal, onProgress: ({ done }: { done: number }) => progress.push(done) };
  const result = hub.run('prime-count', { below: 2_000_000_000 }, options);
  const same = await hub.submit('prime-count', { below: 2_000_000_000 }, { key: 'primes' });
  await waitFor(() => progress.length > 0);
  abort.abort(new Error('enough'));
  await expect(result).rejects.toThrow('enough');
  await expect(same.done).rejects.toBeInstanceOf(JobError);
  expect(same.state).toMatchObject({ state: 'cancelled' });
});

test("the machine's metrics come as a snapshot and frames by name", async () => {
  const hub = client((await startHub(scope, { env: UNLIMITED })).url);
  const metrics = hub.metrics('metrics:host');
  let frames = 0;
  metrics.on('frame', ({ names, values }) => {
    expect(names).toHaveLength(values.length);
    frames++;
  });
  await metrics.ready;
  await waitFor(() => frames >= 2 && metrics.latest.size > 5);
  for (const name of metrics.latest.keys()) expect(name).toMatch(/^[a-z]/);
});

test('history is read page by page, and presence shows who is there', async () => {
  const { url } = await startHub(scope, { env: UNLIMITED });
  const [ada, bob] = [client(url, { name: 'Ada' }), client(url, { name: 'Bob' })];
  const room = ada.room(ROOM, { last: 0 });
  const heard: string[] = [];
  room.on('presence', ({ joined }) => heard.push(...joined.map(({ name }) => name)));
  await settled(numbers(120).map((text) => room.publish({ text })));
  await bob.room(ROOM).ready;
  await waitFor(() => heard.includes('Bob'));
  expect((await room.presence()).users?.map(({ name }) => name).sort()).toEqual(['Ada', 'Bob']);
  const texts: string[] = [];
  let page = await room.history({ limit: 50 });
  texts.unshift(...page.messages.map(({ data }) => (data as { text: string }).text));
  while (page.more) {
    page = await room.history({ before: page.messages[0]!.position, limit: 50 });
    texts.unshift(...page.messages.map(({ data }) => (data as { text: string }).text));
  }
  expect(texts).toEqual(numbers(120));
});
