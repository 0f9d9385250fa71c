import { expect, test } from '@jest/globals';
import { IDBFactory } from 'fake-indexeddb';
import { HubError } from '../../shared/errors.js';
import { testScope } from '../../test/support/scope.js';
import { SmallHub } from '../../test/support/small-hub.js';
import { waitFor } from '../../test/support/wait.js';
import type { ConnectOptions, Hub, Publication } from './api.js';
import { createIndexedDbOutboxStore, type IndexedDb } from './indexeddb-outbox-store.js';
import type { OutboxStore } from './outbox-store.js';
import { connect } from './roomcast.js';

const scope = testScope();
const ROOM = 'chat:lobby';

async function startServer(): Promise<SmallHub> {
  const server = scope.defer(new SmallHub(), (started) => started.close());
  await server.listen();
  return server;
}

function client(url: string, options: ConnectOptions = {}): Hub {
  const io = { reconnectionDelay: 5, reconnectionDelayMax: 20 };
  return scope.defer(connect(url, { answerTimeoutMs: 500, io, ...options }), (hub) => hub.close());
}

function states(publication: Publication): string[] {
  const seen: string[] = [publication.state];
  publication.onState((state) => seen.push(state));
  return seen;
}

const stored = (server: SmallHub) => server.room(ROOM).log.map(({ data }) => (data as { n: number }).n);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

test('a message is queued, sent and stored, and comes back to its sender', async () => {
  const server = await startServer();
  const room = client(server.url).room(ROOM);
  const own = room.publish({ n: 0 }, { id: 'mine' });
  const seen = states(own);
  const back = new Promise((resolve) => room.on('message', (message) => resolve(message.id)));
  expect(await own.done).toMatchObject({ id: 'mine', position: server.room(ROOM).log[0]!.position });
  expect(seen).toEqual(['queued', 'sent', 'stored']);
  expect(await back).toBe('mine');
  expect(room.pending).toEqual([]);
});

test('messages published before there is a connection go out in order, each type as it was given', async () => {
  const server = await startServer();
  const room = client(server.url).room(ROOM);
  const all = upTo(100).map((n) => room.publish({ n }));
  all.push(room.publish({ target: 'e:1' }, { type: 'delete' }));
  await Promise.all(all.map(({ done }) => done));
  expect(stored(server).slice(0, 100)).toEqual(upTo(100));
  expect(server.room(ROOM).log.at(-1)).toMatchObject({ type: 'delete', data: { target: 'e:1' } });
});

test('over lost requests, lost answers, refusals and cut connections every message is stored once, in order', async () => {
  const server = await startServer();
  const hub = client(server.url, { answerTimeoutMs: 60 });
  const room = hub.room(ROOM);
  await room.ready;
  const all: Publication[] = [];
  for (let round = 0; round < 4; round++) {
    server.fail('publish', 'lose-answer', undefined, 3);
    if (round === 1) server.cut();
    if (round === 2) for (let i = 0; i < 40; i++) server.fail('publish', 'refuse', new HubError('unavailable'));
    if (round === 3) server.fail('publish', 'lose-request', undefined, 40);
    all.push(...upTo(20).map((i) => room.publish({ n: 20 * round + i })));
    await Promise.all(all.map(({ done }) => done));
  }
  expect(stored(server)).toEqual(upTo(80));
});

test('what was written to a connection that is already dead does not overtake what is repeated', async () => {
  const server = await startServer();
  const hub = client(server.url, { answerTimeoutMs: 60_000 });
  const room = hub.room(ROOM);
  await room.ready;
  server.fail('publish', 'lose-request', undefined, 2);
  const lost = [room.publish({ n: 0 }), room.publish({ n: 1 })];
  await waitFor(() => server.requests.filter(({ event }) => event === 'publish').length === 2);
  // What a page meets that was asleep: the heartbeat is overdue, and socket.io-client keeps what is emitted for the next connection.
  Object.assign(hub.socket.io.engine, { _hasPingExpired: () => true });
  const kept = room.publish({ n: 2 });
  expect(hub.socket.sendBuffer).toHaveLength(1);
  server.cut();
  await Promise.all([...lost, kept].map(({ done }) => done));
  expect(stored(server)).toEqual(upTo(3));
});

test('a refusal for good fails the message with its error, the next one goes on', async () => {
  const server = await startServer();
  const room = client(server.url).room(ROOM);
  await room.ready;
  server.fail('publish', 'refuse', new HubError('too_large', 'far too large'));
  const refused = room.publish({ n: 0 });
  const next = room.publish({ n: 1 });
  await expect(refused.done).rejects.toMatchObject({ code: 'too_large', message: 'far too large' });
  await next.done;
  expect([refused.state, next.state]).toEqual(['failed', 'stored']);
});

test('what cannot be sent fails at once: no data, no encoding, a repeated id, a full outbox', async () => {
  const server = await startServer();
  const room = client(server.url, { outboxMessages: 2 }).room(ROOM);
  await room.ready;
  await expect(room.publish(undefined).done).rejects.toMatchObject({ code: 'invalid' });
  await expect(room.publish({ n: 1n }).done).rejects.toMatchObject({ code: 'invalid' });
  server.fail('publish', 'lose-answer', undefined, 10);
  const waiting = room.publish({ n: 1 }, { id: 'one' });
  await expect(room.publish({ n: 2 }, { id: 'one' }).done).rejects.toMatchObject({ code: 'invalid' });
  room.publish({ n: 3 });
  const full = room.publish({ n: 4 });
  await expect(full.done).rejects.toMatchObject({ code: 'busy' });
  expect(room.pending).toHaveLength(2);
  expect(waiting.state).toBe('sent');
});

test('a message that waited too long fails instead of being sent', async () => {
  const server = await startServer();
  const hub = client(server.url, { outboxTtlMs: -1 });
  await expect(hub.room(ROOM).publish({ n: 0 }).done).rejects.toMatchObject({ code: 'timeout' });
  expect(server.requests.some(({ event }) => event === 'publish')).toBe(false);
});

/** A page's IndexedDB, under the type that the store knows it by. */
const newIndexedDb = () => new IDBFactory() as unknown as IndexedDb;

test('unsent messages survive a page reload, go before new ones, and are told to the room', async () => {
  const server = await startServer();
  const indexedDb = newIndexedDb();
  const identity = { guestKey: 'ada0ada0ada0ada0' };
  const before = client(server.url, { ...identity, answerTimeoutMs: 60_000, outbox: createIndexedDbOutboxStore(indexedDb, 'outbox') });
  const room = before.room(ROOM);
  await room.ready;
  server.fail('publish', 'lose-request', undefined, 3);
  const lost = [
    room.publish({ n: 0 }, { id: 'a' }),
    room.publish({ n: 1 }, { id: 'b', type: 'edit' as 'text' }),
    room.publish({ n: 2 }, { id: 'c' }),
  ];
  await waitFor(() => server.requests.filter(({ event }) => event === 'publish').length === 3);
  await before.close();
  await expect(lost[0]!.done).rejects.toMatchObject({ code: 'closing' });

  const after = client(server.url, { ...identity, outbox: createIndexedDbOutboxStore(indexedDb, 'outbox') });
  const reopened = after.room<{ n: number }>(ROOM);
  const restored: string[] = [];
  reopened.on('restored', ({ id }) => restored.push(id));
  await reopened.publish({ n: 3 }).done;
  expect(restored).toEqual(['a', 'b', 'c']);
  expect(stored(server)).toEqual(upTo(4));
  expect(server.room(ROOM).log[1]).toMatchObject({ id: 'b', type: 'edit' });

  const last = createIndexedDbOutboxStore(indexedDb, 'outbox');
  await waitFor(async () => (await last.load()).length === 0);
  await last.close();
});

test('what one user left unsent is never sent as another', async () => {
  const server = await startServer();
  const indexedDb = newIndexedDb();
  const ada = client(server.url, { token: 'ada.1', answerTimeoutMs: 60_000, outbox: createIndexedDbOutboxStore(indexedDb, 'outbox') });
  const room = ada.room(ROOM);
  await room.ready;
  server.fail('publish', 'lose-request');
  room.publish({ n: 0 });
  await waitFor(() => server.requests.some(({ event }) => event === 'publish'));
  await ada.close();

  const bob = client(server.url, { token: 'bob.1', outbox: createIndexedDbOutboxStore(indexedDb, 'outbox') });
  await bob.room(ROOM).publish({ n: 1 }).done;
  expect(stored(server)).toEqual([1]);
  const back = client(server.url, { token: 'ada.2', outbox: createIndexedDbOutboxStore(indexedDb, 'outbox') });
  await waitFor(() => back.state === 'online');
  await waitFor(() => server.room(ROOM).log.length === 2);
  expect(server.room(ROOM).log[1]).toMatchObject({ data: { n: 0 }, from: { id: 'ada' } });
});

test('a store that fails is reported and holds nothing back', async () => {
  const server = await startServer();
  const fail = async () => {
    throw new Error('no space');
  };
  const outbox: OutboxStore = { load: fail, put: fail, remove: fail, close: fail };
  const hub = client(server.url, { outbox });
  const errors: string[] = [];
  hub.on('error', (error) => errors.push(error.message));
  const publication = hub.room(ROOM).publish({ n: 0 });
  await publication.done;
  await waitFor(() => errors.length > 0);
  expect(errors[0]).toContain('no space');
  await expect(publication.kept).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('no space') });
});

test('a message is kept when the store says so, not before the welcome, and not when it fails at once', async () => {
  const server = await startServer();
  const told: string[] = [];
  let store: () => void = () => {};
  const outbox: OutboxStore = {
    load: async () => [],
    put: () => new Promise((resolve) => (store = resolve)),
    remove: async () => {},
    close: async () => {},
  };
  const room = client(server.url, { outbox }).room(ROOM);
  const own = room.publish({ n: 0 });
  void own.kept.then(() => told.push('kept'));
  await own.done;
  expect(told).toEqual([]);
  store();
  await own.kept;
  await expect(room.publish(undefined).kept).rejects.toMatchObject({ code: 'invalid' });
});

test('entries of a store that are too old are removed unsent', async () => {
  const indexedDb = newIndexedDb();
  const store = createIndexedDbOutboxStore(indexedDb, 'outbox');
  await store.put({ room: ROOM, id: 'old', data: { n: 0 }, user: 'ada', createdAt: 0 });
  await store.close();
  const server = await startServer();
  await client(server.url, { token: 'ada.1', outbox: createIndexedDbOutboxStore(indexedDb, 'outbox') })
    .room(ROOM)
    .publish({ n: 1 }).done;
  expect(stored(server)).toEqual([1]);
  const left = createIndexedDbOutboxStore(indexedDb, 'outbox');
  await waitFor(async () => (await left.load()).length === 0);
  await left.close();
});
