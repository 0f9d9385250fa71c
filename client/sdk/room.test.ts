import { expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import type { Message } from '../../shared/protocol.js';
import { testScope } from '../../test/support/scope.js';
import { SmallHub } from '../../test/support/small-hub.js';
import { waitFor } from '../../test/support/wait.js';
import type { ConnectOptions, Hub, Room } from './api.js';
import { connect } from './roomcast.js';

const scope = testScope();
const ROOM = 'chat:lobby';

async function start(options: ConnectOptions = {}): Promise<{ server: SmallHub; hub: Hub }> {
  const server = scope.defer(new SmallHub(), (started) => started.close());
  const url = await server.listen();
  return { server, hub: client(url, options) };
}

function client(url: string, options: ConnectOptions = {}): Hub {
  const io = { reconnectionDelay: 5, reconnectionDelayMax: 20, ...options.io };
  return scope.defer(connect(url, { answerTimeoutMs: 500, ...options, io }), (hub) => hub.close());
}

/** Writes down what a room gives, one line each. */
function record(room: Room<unknown>): string[] {
  const lines: string[] = [];
  room.on('message', (message) => lines.push(`message ${textOf(message)}`));
  room.on('gap', ({ after, position }) => lines.push(`gap ${after} ${position}`));
  room.on('recovered', ({ messages }) => lines.push(`recovered ${messages}`));
  room.on('error', (error) => lines.push(`error ${error.code}`));
  return lines;
}

const textOf = (message: Message) => (message.data as { text: string }).text;
const texts = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `message ${from + i}`);
function publishTexts(server: SmallHub, from: number, to: number): void {
  for (let i = from; i <= to; i++) server.publish(ROOM, { text: String(i) });
}

test('a newcomer gets recent messages, then each new one', async () => {
  const { server, hub } = await start();
  publishTexts(server, 1, 5);
  const room = hub.room(ROOM, { last: 2 });
  const lines = record(room);
  expect((await room.ready).messages.map(textOf)).toEqual(['4', '5']);
  publishTexts(server, 6, 7);
  await waitFor(() => lines.length === 4);
  expect(lines).toEqual(texts(4, 7));
  expect(room.position).toBe(server.room(ROOM).log.at(-1)?.position);
});

test('events that come before the acknowledgement wait for it', async () => {
  const { server, hub } = await start();
  publishTexts(server, 1, 2);
  server.beforeSubscribed = () => publishTexts(server, 3, 4);
  const room = hub.room(ROOM);
  const lines = record(room);
  await waitFor(() => lines.length === 4);
  expect(lines).toEqual(texts(1, 4));
});

test('a subscriber that was away receives what it missed, in order, once', async () => {
  const { server, hub } = await start();
  const room = hub.room(ROOM);
  const lines = record(room);
  await room.ready;
  publishTexts(server, 1, 3);
  await waitFor(() => lines.length === 3);
  for (let round = 0; round < 5; round++) {
    await server.whileAway(() => publishTexts(server, 4 + 2 * round, 5 + 2 * round));
    await waitFor(() => lines.filter((line) => line === 'recovered 2').length === round + 1);
  }
  expect(lines.filter((line) => line.startsWith('message'))).toEqual(texts(1, 13));
  expect(lines.some((line) => line.startsWith('gap'))).toBe(false);
});

test('a return to a log that reaches not far enough back is told as a gap, and what is left follows', async () => {
  const { server, hub } = await start();
  const room = hub.room(ROOM, { last: 2 });
  const lines = record(room);
  await room.ready;
  publishTexts(server, 1, 1);
  await waitFor(() => lines.length === 1);
  const { epoch } = server.room(ROOM);
  await server.whileAway(() => {
    publishTexts(server, 2, 9);
    server.trim(ROOM, 3);
  });
  await waitFor(() => lines.length === 4);
  expect(lines).toEqual(['message 1', `gap ${epoch}:1 ${epoch}:9`, 'message 8', 'message 9']);
});

test('after the store began anew, messages that were seen before are not given again', async () => {
  const { server, hub } = await start();
  const room = hub.room(ROOM);
  const lines = record(room);
  await room.ready;
  server.publish(ROOM, { text: 'seen' }, { id: 'one' });
  await waitFor(() => lines.length === 1);
  await server.whileAway(() => {
    server.reset(ROOM);
    server.publish(ROOM, { text: 'seen' }, { id: 'one' });
    server.publish(ROOM, { text: 'new' }, { id: 'two' });
  });
  await waitFor(() => lines.includes('message new'));
  expect(lines.filter((line) => line.startsWith('message'))).toEqual(['message seen', 'message new']);
});

test('a hole in the live stream is filled from the log', async () => {
  const { server, hub } = await start();
  const room = hub.room(ROOM);
  const lines = record(room);
  await room.ready;
  publishTexts(server, 1, 1);
  server.append(ROOM, { text: '2' });
  publishTexts(server, 3, 4);
  await waitFor(() => lines.filter((line) => line.startsWith('message')).length === 4);
  expect(lines.filter((line) => line.startsWith('message'))).toEqual(texts(1, 4));
});

test('a subscription that is refused for now, or unanswered, is asked for again', async () => {
  const { server, hub } = await start({ answerTimeoutMs: 50 });
  server.fail('subscribe', 'refuse', new HubError('unavailable', undefined, 1), 2);
  server.fail('subscribe', 'lose-request');
  await hub.room(ROOM).ready;
  expect(server.requests.map(({ event }) => event)).toEqual(Array(4).fill('subscribe'));
});

test('where the hub is silent for two subscriptions in a row, another connection is made', async () => {
  const { server, hub } = await start({ answerTimeoutMs: 200 });
  let connections = 0;
  server.io.on('connection', () => connections++);
  server.fail('subscribe', 'lose-request', undefined, 2);
  await hub.room(ROOM).ready;
  expect(connections).toBeGreaterThan(1);
});

test('a subscription that is refused for good ends with its error', async () => {
  const { server, hub } = await start();
  server.fail('subscribe', 'refuse', new HubError('forbidden', 'not yours'));
  const room = hub.room(ROOM);
  const lines = record(room);
  await expect(room.ready).rejects.toMatchObject({ code: 'forbidden', message: 'not yours' });
  expect(lines).toEqual(['error forbidden']);
});

test('two subscriptions of one room keep their own place, and the last one to leave takes it off the wire', async () => {
  const { server, hub } = await start();
  publishTexts(server, 1, 3);
  const first = hub.room(ROOM, { last: 1 });
  const second = hub.room(ROOM, { last: 3 });
  const [firstLines, secondLines] = [record(first), record(second)];
  await Promise.all([first.ready, second.ready]);
  first.leave();
  publishTexts(server, 4, 4);
  await waitFor(() => secondLines.length === 4);
  expect([firstLines, secondLines]).toEqual([texts(3, 3), texts(1, 4)]);
  expect(server.requests.some(({ event }) => event === 'unsubscribe')).toBe(false);
  second.leave();
  await waitFor(() => server.requests.some(({ event }) => event === 'unsubscribe'));
});

test('leaving and coming back in one turn ends up subscribed', async () => {
  const { server, hub } = await start();
  const first = hub.room(ROOM);
  await first.ready;
  first.leave();
  const second = hub.room(ROOM);
  const lines = record(second);
  await second.ready;
  publishTexts(server, 1, 1);
  await waitFor(() => lines.length === 1);
});

test('a room continues from a position that was kept', async () => {
  const { server, hub } = await start();
  publishTexts(server, 1, 4);
  const lines = record(hub.room(ROOM, { since: server.room(ROOM).log[1]!.position }));
  await waitFor(() => lines.length === 3);
  expect(lines).toEqual([...texts(3, 4), 'recovered 2']);
});

test('history, presence and typing', async () => {
  const { server, hub } = await start();
  publishTexts(server, 1, 9);
  const room = hub.room(ROOM, { last: 1 });
  await room.ready;
  const page = await room.history({ before: room.position!, limit: 2 });
  expect(page).toMatchObject({ more: true });
  expect(page.messages.map(textOf)).toEqual(['7', '8']);
  expect(await room.presence()).toEqual({ room: ROOM, count: 1 });
  const other = client(server.url, { name: 'Ada', guestKey: 'ada0ada0ada0ada0' });
  await other.room(ROOM).ready;
  const heard: string[] = [];
  room.on('typing', ({ user }) => heard.push(user.name));
  const otherRoom = other.room(ROOM);
  await otherRoom.ready;
  otherRoom.typing();
  otherRoom.typing();
  await waitFor(() => heard.length > 0);
  await otherRoom.history();
  expect(heard).toEqual(['Ada']);
});

test('a request without a connection is refused at once, a lost one as soon as that is known', async () => {
  const { server, hub } = await start();
  const room = hub.room(ROOM);
  await expect(room.history()).rejects.toMatchObject({ code: 'unavailable' });
  await room.ready;
  server.fail('history', 'lose-answer');
  const lost = room.history();
  server.cut();
  await expect(lost).rejects.toMatchObject({ code: 'unavailable' });
});

test('closing ends rooms and rejects what waits', async () => {
  const { hub } = await start();
  const room = hub.room(ROOM);
  const lines = record(room);
  const ready = room.ready;
  await hub.close();
  await expect(ready).rejects.toMatchObject({ code: 'closing' });
  expect(lines).toEqual(['error closing']);
  expect(hub.state).toBe('closed');
  await expect(hub.room(ROOM).ready).rejects.toMatchObject({ code: 'closing' });
  await expect(hub.run('work', {})).rejects.toMatchObject({ code: 'closing' });
});
