import { expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import { testScope } from '../../test/support/scope.js';
import { SmallHub } from '../../test/support/small-hub.js';
import { waitFor } from '../../test/support/wait.js';
import type { ConnectOptions, Publication, Room } from './api.js';
import { createMemoryOutboxStore, type OutboxEntry, type OutboxStore } from './outbox-store.js';
import { connect } from './roomcast.js';

const scope = testScope();
const ROOM = 'chat:lobby';
const HOUR_MS = 3_600_000;

async function startServer(): Promise<SmallHub> {
  const server = scope.defer(new SmallHub(), (started) => started.close());
  await server.listen();
  return server;
}

/** As ada, whose entries are those in the store. */
function open(server: SmallHub, outbox: OutboxStore, options: ConnectOptions = {}): Room {
  const io = { reconnectionDelay: 5, reconnectionDelayMax: 20 };
  const hub = scope.defer(connect(server.url, { token: 'ada.1', io, outbox, ...options }), (opened) => opened.close());
  return hub.room(ROOM, { last: 0 });
}

/** What an earlier start left, an hour ago. */
async function leave(outbox: OutboxStore, id: string, more: Partial<OutboxEntry> = {}): Promise<void> {
  const anHourAgo = Date.now() - HOUR_MS;
  await outbox.put({ room: ROOM, id, data: { id }, user: 'ada', createdAt: anHourAgo, sentAt: anHourAgo, ...more });
}

function restored(room: Room): Promise<Publication> {
  return new Promise((resolve) => room.on('restored', resolve));
}

/** Stored so many hours ago. */
function storedBefore(server: SmallHub, hours: number, id: string): void {
  server.append(ROOM, { id }, { id }).time -= hours * HOUR_MS;
}

const idsIn = (server: SmallHub) => server.room(ROOM).log.map(({ id }) => id);
const publishes = (server: SmallHub) => server.requests.filter(({ event }) => event === 'publish').length;

test('[P95] what was stored in the last attempt, long ago, is found in the history and not stored again', async () => {
  const server = await startServer();
  const outbox = createMemoryOutboxStore();
  for (const id of ['first', 'late', 'other']) storedBefore(server, 1, id);
  await leave(outbox, 'late');
  const publication = await restored(open(server, outbox));
  expect(await publication.done).toMatchObject({ id: 'late', position: server.room(ROOM).log[1]!.position, repeated: true });
  expect(publishes(server)).toBe(0);
  await waitFor(async () => (await outbox.load()).length === 0);
});

test('[P95] what is not in a history that reaches back far enough is sent again, before what is new', async () => {
  const server = await startServer();
  const outbox = createMemoryOutboxStore();
  // Not the whole log: its beginning is gone.
  for (let n = 0; n < 1_200; n++) storedBefore(server, n < 100 ? 2 : 0.5, `m${n}`);
  server.trim(ROOM, 1_150);
  for (const id of ['one', 'two', 'm700', 'three']) await leave(outbox, id);
  const room = open(server, outbox);
  await room.publish({ new: true }, { id: 'new' }).done;
  expect(idsIn(server).slice(1_150)).toEqual(['one', 'two', 'three', 'new']);
  // One reading for all of them.
  expect(server.requests.filter(({ event }) => event === 'history')).toHaveLength(3);
});

test('[P95] what may be stored where the history does not reach fails as uncertain, and the next goes on', async () => {
  const server = await startServer();
  const outbox = createMemoryOutboxStore();
  for (let n = 0; n < 10; n++) storedBefore(server, 0.5, `m${n}`);
  server.trim(ROOM, 5);
  await leave(outbox, 'late');
  const room = open(server, outbox);
  const publication = await restored(room);
  await expect(publication.done).rejects.toMatchObject({ code: 'uncertain' });
  await room.publish({ new: true }, { id: 'new' }).done;
  expect(idsIn(server).slice(5)).toEqual(['new']);
  expect(await outbox.load()).toEqual([]);
});

test('[P95] a history that cannot be read now is asked again; one that may not be read tells nothing', async () => {
  const server = await startServer();
  const outbox = createMemoryOutboxStore();
  storedBefore(server, 1, 'late');
  await leave(outbox, 'late');
  await leave(outbox, 'later');
  server.fail('history', 'refuse', new HubError('unavailable'), 2);
  const room = open(server, outbox);
  expect(await (await restored(room)).done).toMatchObject({ id: 'late' });

  const other = createMemoryOutboxStore();
  await leave(other, 'late');
  server.fail('history', 'refuse', new HubError('forbidden'));
  await expect((await restored(open(server, other))).done).rejects.toMatchObject({ code: 'uncertain' });
});

test('[P95] what never went out is sent however old it is, and the history is not read', async () => {
  const server = await startServer();
  const outbox = createMemoryOutboxStore();
  const { room, id, data, user, createdAt } = { room: ROOM, id: 'late', data: 1, user: 'ada', createdAt: Date.now() - HOUR_MS } as const;
  await outbox.put({ room, id, data, user, createdAt });
  await (await restored(open(server, outbox))).done;
  expect(idsIn(server)).toEqual(['late']);
  expect(server.requests.some(({ event }) => event === 'history')).toBe(false);
});

test('[P95] within one start: a lost answer is looked for, a refusal is not, once the window is over', async () => {
  const server = await startServer();
  server.idWindowMs = 1;
  const room = open(server, createMemoryOutboxStore(), { answerTimeoutMs: 500 });
  await room.ready;
  server.fail('publish', 'refuse', new HubError('busy'), 2);
  await room.publish({}, { id: 'refused' }).done;
  expect(server.requests.some(({ event }) => event === 'history')).toBe(false);
  server.fail('publish', 'lose-answer');
  expect(await room.publish({}, { id: 'lost' }).done).toMatchObject({ repeated: true });
  expect(idsIn(server)).toEqual(['refused', 'lost']);
});

test('[P95] what waits in the store goes out once the store knows that it does', async () => {
  const server = await startServer();
  const kept = createMemoryOutboxStore();
  const puts: OutboxEntry[] = [];
  let mark: () => void = () => {};
  const outbox: OutboxStore = {
    ...kept,
    async put(entry) {
      puts.push(entry);
      if (entry.sentAt !== undefined) await new Promise<void>((resolve) => (mark = resolve));
      await kept.put(entry);
    },
  };
  await leave(kept, 'waiting', { sentAt: undefined as never });
  const room = open(server, outbox);
  const publication = await restored(room);
  await waitFor(() => puts.length === 1);
  await room.history();
  expect([publishes(server), publication.state]).toEqual([0, 'queued']);
  mark();
  await publication.done;
  expect(puts).toEqual([expect.objectContaining({ id: 'waiting', sentAt: expect.any(Number) })]);
});
