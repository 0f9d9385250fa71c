import { spawn } from 'node:child_process';
import { beforeAll, expect, test } from '@jest/globals';
import type { Message } from '../shared/protocol.js';
import { get, send } from './support/http.js';
import { type HubProcess, startHub } from './support/hub-process.js';
import { type NdjsonLine, ndjsonOf, openNdjson } from './support/ndjson-client.js';
import { startNginx } from './support/nginx.js';
import { fileScope, testScope } from './support/scope.js';
import { openSse, type SseStream } from './support/sse-client.js';
import { connectClient, countFrom, seqs } from './support/stock-client.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const file = fileScope();
let hub: HubProcess;
beforeAll(async () => {
  hub = await startHub(file);
});

const messagesOf = (stream: SseStream): Message[] =>
  stream.events.filter(({ event }) => event === 'message').map(({ data }) => JSON.parse(data));

/** Reads a room by long polls, from a position on, until it has `count` messages. */
async function longPoll(room: string, after: string, count: number): Promise<Message[]> {
  const messages: Message[] = [];
  let position = after;
  while (messages.length < count) {
    const { status, body } = await get(`${hub.url}/api/rooms/${room}/messages?after=${position}&wait=20`);
    expect(status).toBe(200);
    messages.push(...body.messages);
    position = body.position;
  }
  return messages;
}

test('one room has the same messages at the same positions over Socket.IO, SSE, long-poll and history', async () => {
  const room = 'chat:four-ways';
  const client = await connectClient(scope, hub.url);
  const { position: start } = await client.subscribe(room);
  const stream = await openSse(scope, `${hub.url}/api/rooms/${room}/events?since=${start}`);
  expect(stream).toMatchObject({ status: 200, headers: { 'content-type': expect.stringContaining('text/event-stream') } });
  const polled = longPoll(room, start, 30);

  for (let n = 0; n < 15; n++) {
    await client.publish(room, { text: `socket ${n}\nline two` });
    const posted = await send('POST', `${hub.url}/api/rooms/${room}/messages`, { data: { text: `http ${n}` } });
    expect(posted.status).toBe(201);
  }
  await waitFor(() => client.of(room).length === 30 && messagesOf(stream).length === 30, { what: '30 messages on both streams' });

  expect(seqs(client.of(room))).toEqual(countFrom(1, 30));
  expect(messagesOf(stream)).toEqual(client.of(room));
  expect(stream.events.filter(({ event }) => event === 'message').map(({ id }) => id)).toEqual(
    client.of(room).map(({ position }) => position),
  );
  expect(await polled).toEqual(client.of(room));
  const history = await get(`${hub.url}/api/rooms/${room}/messages?limit=100`);
  expect(history.body.messages).toEqual(client.of(room));
});

/** What curl prints of a room's events. */
function curl(url: string, headers: readonly string[]): NdjsonLine[] {
  const flags = headers.flatMap((header) => ['-H', header]);
  const child = scope.defer(spawn('curl', ['-sN', ...flags, url], { stdio: ['ignore', 'pipe', 'inherit'] }), (started) => started.kill());
  return ndjsonOf(child.stdout);
}

test('[P89] as NDJSON a room has the same messages, with fetch and with curl, also behind nginx, as they come', async () => {
  const room = 'chat:lines';
  const front = await startNginx(scope, [hub]);
  const client = await connectClient(scope, hub.url);
  const { position: start } = await client.subscribe(room);
  const path = `/api/rooms/${room}/events`;
  const readers = await Promise.all(
    [hub.url, front.url].flatMap((url) => [
      openNdjson(scope, `${url}${path}?since=${start}`).then(({ lines }) => lines),
      curl(`${url}${path}`, ['Accept: application/x-ndjson', `Last-Event-ID: ${start}`]),
    ]),
  );
  const messages = (lines: NdjsonLine[]) => lines.filter(({ event }) => event === 'message');
  await waitFor(() => readers.every((lines) => lines.some(({ event }) => event === 'position')), { what: 'every stream to begin' });
  // One by one: a front that held lines back would never let the next one be published.
  for (let n = 1; n <= 10; n++) {
    await client.publish(room, { text: `line ${n}\nline two` });
    await waitFor(() => readers.every((lines) => messages(lines).length === n), { what: `message ${n} at every reader` });
  }
  for (const lines of readers) {
    expect(messages(lines).map(({ data }) => data)).toEqual(client.of(room));
    expect(messages(lines).map(({ id }) => id)).toEqual(client.of(room).map(({ position }) => position));
    expect(lines.find(({ event }) => event === 'position')).toMatchObject({ id: start, data: { recovered: true } });
  }
});

test('a reader that leaves one transport goes on with another where it stopped', async () => {
  const room = 'chat:wanderer';
  const sender = await connectClient(scope, hub.url);
  const say = async (count: number) => {
    for (let n = 0; n < count; n++) await sender.publish(room, { text: 'x' });
  };
  const read: Message[] = [];
  const last = () => read.at(-1)!.position;

  const first = await connectClient(scope, hub.url);
  await first.subscribe(room);
  await say(5);
  await waitFor(() => first.of(room).length === 5);
  read.push(...first.of(room));
  first.socket.disconnect();

  await say(5);
  const stream = await openSse(scope, `${hub.url}/api/rooms/${room}/events`, { 'last-event-id': last() });
  await waitFor(() => messagesOf(stream).length === 5, { what: 'what was missed over SSE' });
  read.push(...messagesOf(stream));
  stream.close();

  await say(5);
  read.push(...(await longPoll(room, last(), 5)));

  await say(5);
  const again = await connectClient(scope, hub.url, { transports: ['polling'] });
  const answer = await again.subscribe(room, { since: last() });
  expect(answer.recovered).toBe(true);
  await say(5);
  await waitFor(() => answer.messages.length + again.of(room).length === 10);
  read.push(...answer.messages, ...again.of(room));

  expect(seqs(read)).toEqual(countFrom(1, 25));
});

test('who is ahead of the log or of another epoch is told that it was not recovered', async () => {
  const room = 'chat:elsewhere';
  const client = await connectClient(scope, hub.url);
  const { position } = await client.publish(room, { text: 'only one' });
  const [epoch] = position.split(':');
  for (const since of [`${epoch}:99`, 'otherepoch:1']) {
    expect(await client.subscribe(room, { since, last: 10 })).toMatchObject({ recovered: false, position });
  }
  expect(await client.subscribe(room, { since: position })).toMatchObject({ recovered: true, messages: [], position });
  const page = await get(`${hub.url}/api/rooms/${room}/messages?after=otherepoch:1&wait=20`);
  expect(page.body).toMatchObject({ recovered: false });
});

test('a publication over HTTP is made once for one Idempotency-Key', async () => {
  const url = `${hub.url}/api/rooms/chat:once/messages`;
  const key = { 'idempotency-key': 'the-same' };
  const first = await send('POST', url, { data: { text: 'a' } }, key);
  const second = await send('POST', url, { data: { text: 'a' } }, key);
  expect([first.status, second.status]).toEqual([201, 200]);
  expect(second.body).toMatchObject({ position: first.body.position, repeated: true });
  expect((await get(`${url}?limit=10`)).body.messages).toHaveLength(1);
});

test('a long poll without news ends empty at its position, and HTTP errors carry their code', async () => {
  const client = await connectClient(scope, hub.url);
  const { position } = await client.publish('chat:quiet', { text: 'a' });
  expect((await get(`${hub.url}/api/rooms/chat:quiet/messages?after=${position}&wait=0.05`)).body).toMatchObject({
    messages: [],
    position,
  });
  const refusals = [
    [await get(`${hub.url}/api/rooms/nope:x/messages`), 400, 'unknown_kind'],
    [await get(`${hub.url}/api/rooms/chat:x/messages?after=nonsense`), 400, 'invalid'],
    [await get(`${hub.url}/api/rooms/chat:x/messages?limit=100000`), 400, 'invalid'],
    [await send('POST', `${hub.url}/api/rooms/chat:x/messages`, { text: 'no data' }), 400, 'invalid'],
    [await get(`${hub.url}/api/nothing/here`), 404, 'not_found'],
  ] as const;
  for (const [answer, status, code] of refusals) {
    expect({ status: answer.status, body: answer.body }).toMatchObject({ status, body: { error: { code, retry: 'never' } } });
  }
});

test('presence and the list of rooms are read over HTTP', async () => {
  const client = await connectClient(scope, hub.url, { auth: { name: 'Lena' } });
  await client.subscribe('chat:listed');
  await client.publish('chat:listed', { text: 'here' });
  const presence = await get(`${hub.url}/api/rooms/chat:listed/presence`);
  expect(presence.body).toMatchObject({ room: 'chat:listed', count: 1, users: [{ id: client.welcome.user.id, name: 'Lena' }] });
  const listed = () => get(`${hub.url}/api/rooms?prefix=chat:lis`);
  expect((await listed()).body.rooms).toEqual([{ room: 'chat:listed', last: 1, time: expect.any(Number) }]);
});
