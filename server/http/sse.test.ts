import { connect, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import type { JobState } from '../../shared/protocol.js';
import { get, send } from '../../test/support/http.js';
import { ALICE, memoryRooms, startHttpApp } from '../../test/support/http-app.js';
import { testScope } from '../../test/support/scope.js';
import { openSse, type SseStream } from '../../test/support/sse-client.js';
import { waitFor } from '../../test/support/wait.js';
import type { HttpAppOptions } from './app.js';

const scope = testScope();

async function room(overrides: Partial<HttpAppOptions> = {}) {
  const hub = await startHttpApp(scope, overrides);
  const room = `${hub.url}/api/rooms/chat:lobby`;
  const say = async (n: number): Promise<string> => (await send('POST', `${room}/messages`, { data: { n } })).body.position;
  const listen = (query = '', headers = {}) => openSse(scope, `${room}/events${query}`, headers);
  return { ...hub, say, listen };
}

const named = (stream: SseStream, name: string) => stream.events.filter(({ event }) => event === name);
const numbers = (stream: SseStream) => named(stream, 'message').map(({ data }) => JSON.parse(data).data.n);
const began = (stream: SseStream) => stream.event(({ event }) => event === 'position');

test('[P80] [P81] a stream gives the messages with their positions as ids, and headers that proxies respect', async () => {
  const { say, listen } = await room();
  const stream = await listen();
  expect(stream.status).toBe(200);
  expect(stream.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  });
  const start = await began(stream);
  expect(JSON.parse(start.data)).toEqual({ room: 'chat:lobby', position: start.id, recovered: false });
  expect(stream.retryMs()).toBe(2_000);
  const position = await say(1);
  const { data } = await stream.event(({ id }) => id === position);
  expect(JSON.parse(data)).toMatchObject({ room: 'chat:lobby', position, type: 'text', from: ALICE.user, data: { n: 1 } });
});

test('[P81] [P82] Last-Event-ID goes before since: what was missed comes in order, then the position', async () => {
  const { say, listen } = await room();
  const positions = [await say(1), await say(2), await say(3)];
  const stream = await listen(`?since=${positions[2]}`, { 'last-event-id': positions[0] });
  const start = await began(stream);
  expect(numbers(stream)).toEqual([2, 3]);
  expect([start.id, JSON.parse(start.data).recovered]).toEqual([positions[2], true]);
  expect(named(stream, 'gap')).toEqual([]);
  const later = await listen(`?since=${positions[1]}`);
  await began(later);
  expect(numbers(later)).toEqual([3]);
});

test('[P82] a stream that cannot continue says so first, and its ids stay those of what was seen', async () => {
  const { say, listen } = await room();
  const positions = [await say(1), await say(2), await say(3)];
  const stream = await listen('?last=2', { 'last-event-id': 'elsewhere:1' });
  await began(stream);
  expect(stream.events.map(({ event, id }) => [event, id])).toEqual([
    ['gap', ''],
    ['message', positions[1]],
    ['message', positions[2]],
    ['position', positions[2]],
  ]);
  expect(JSON.parse(stream.events[0]!.data)).toEqual({ room: 'chat:lobby', position: positions[2] });
});

test('[P81] last gives the newest messages of a room that is joined', async () => {
  const { say, listen } = await room();
  for (const n of [1, 2, 3]) await say(n);
  const stream = await listen('?last=2');
  await began(stream);
  expect(numbers(stream)).toEqual([2, 3]);
  expect(named(stream, 'gap')).toEqual([]);
});

test('[P83] a quiet stream carries comments', async () => {
  const { listen } = await room({ heartbeatMs: 5 });
  const stream = await listen();
  await waitFor(() => stream.comments.length >= 2);
});

test('[P84] the streams of a stopping hub end, each with the reason', async () => {
  const { listen, streams, endStreams } = await room();
  const all = await Promise.all([listen(), listen()]);
  await Promise.all(all.map(began));
  endStreams();
  await Promise.all(all.map(({ ended }) => ended));
  for (const stream of all) expect(JSON.parse(named(stream, 'closing')[0]!.data).error).toMatchObject({ code: 'closing', retry: 'later' });
  expect(streams.size).toBe(0);
});

test('[P84] a stream ends with its token', async () => {
  const { listen } = await room({ authenticate: async () => ({ ...ALICE, expiresAt: Date.now() + 100 }) });
  const stream = await listen();
  await stream.ended;
  expect(JSON.parse(named(stream, 'closing')[0]!.data).error).toMatchObject({ code: 'unauthorized', retry: 'after-auth' });
});

test('a stream that its reader leaves is given back: its room, its place and its address', async () => {
  const open = new Set<object>();
  const admitAddress = () => {
    const place = {};
    open.add(place);
    return () => void open.delete(place);
  };
  const { listen, streams } = await room({ admitAddress });
  const stream = await listen();
  await began(stream);
  expect([open.size, streams.size]).toEqual([1, 1]);
  stream.close();
  await waitFor(() => open.size === 0 && streams.size === 0);
});

test('bad requests are refused before a stream begins, and HEAD gets its head', async () => {
  const { url } = await room();
  const events = `${url}/api/rooms/chat:lobby/events`;
  expect(await get(`${events}?last=501`)).toMatchObject({ status: 400, body: { error: { code: 'invalid' } } });
  expect(await get(`${events}?since=x`)).toMatchObject({ status: 400, body: { error: { code: 'invalid' } } });
  expect(await get(`${events}?access_token=nobody`)).toMatchObject({ status: 401, body: { error: { code: 'unauthorized' } } });
  expect(await get(`${url}/api/rooms/user:bob/events`)).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } });
  expect(await get(`${url}/api/rooms/job:1/events`)).toMatchObject({ status: 404, body: { error: { code: 'unknown_job' } } });
  const head = await fetch(events, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
});

/** The room of a job, of which `known` is what there is beside the room. */
async function jobRoom(known: JobState | undefined = undefined) {
  const endOfJob = async () => {
    if (known) return known;
    throw new HubError('unknown_job');
  };
  const { rooms } = memoryRooms(scope, undefined, { ownsJob: async () => true, endOfJob });
  const hub = await startHttpApp(scope, { rooms });
  const url = `${hub.url}/api/rooms/job:j/events`;
  const tell = (state: Partial<JobState>) => rooms.system.publish('job:j', 'job', { ...job, ...state }, {});
  const listen = (query = '', headers = {}) => openSse(scope, url + query, headers);
  return { ...hub, url, tell, listen };
}

const job: JobState = { jobId: 'j', name: 'add', state: 'queued', revision: 1, createdAt: 1 };
const done: JobState = { ...job, state: 'done', revision: 3, endedAt: 3, result: 7 };
const statesIn = (stream: SseStream) => named(stream, 'message').map(({ data }) => JSON.parse(data).data.state);
const ends = (stream: SseStream) => stream.events.slice(-1).map(({ event, id, data }) => ({ event, id, data: JSON.parse(data) }));

test('[P143] a stream of a job ends with it, and who connects again is told that there is no more', async () => {
  const { tell, listen, url } = await jobRoom();
  await tell({});
  const stream = await listen('?last=10');
  await began(stream);
  const { position } = await tell(done);
  await stream.ended;
  expect(statesIn(stream)).toEqual(['queued', 'done']);
  expect(ends(stream)).toEqual([{ event: 'end', id: position, data: { room: 'job:j', position } }]);
  const again = await fetch(url, { headers: { 'last-event-id': position } });
  expect([again.status, await again.text()]).toEqual([204, '']);
});

test.each(['', '?last=10'])('[P143] who comes to a job that has ended is told its end, and the stream ends (%s)', async (query) => {
  const { tell, listen } = await jobRoom();
  const { position } = await tell({ ...done, state: 'failed' });
  const stream = await listen(query);
  await stream.ended;
  expect(stream.events.map(({ event, id }) => [event, id])).toEqual([
    ['message', position],
    ['position', position],
    ['end', position],
  ]);
  expect(statesIn(stream)).toEqual(['failed']);
});

test('[P143] a failure after which the job was run again ends no stream', async () => {
  const { tell, listen } = await jobRoom();
  await tell({ ...done, state: 'failed' });
  await tell({ revision: 4 });
  const stream = await listen('?last=10');
  await began(stream);
  await tell({ ...done, revision: 5 });
  await stream.ended;
  expect(statesIn(stream)).toEqual(['failed', 'queued', 'done']);
});

test('[P143] the end of a job is told when its room has forgotten it; there is no stream of a job that is gone', async () => {
  const { listen } = await jobRoom(done);
  const stream = await listen();
  await stream.ended;
  expect([statesIn(stream), ends(stream)[0]!.event]).toEqual([['done'], 'end']);
  const gone = await jobRoom();
  expect(await get(gone.url)).toMatchObject({ status: 404, body: { error: { code: 'unknown_job' } } });
});

const PAYLOAD = 'x'.repeat(3_000);
const MESSAGES = 3_000;

/** A reader that takes nothing in until it is told to. */
async function stalledReader(url: string, accept: string): Promise<{ socket: Socket; text(): string }> {
  const { port, pathname } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  scope.defer(socket, (open) => open.destroy());
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: localhost\r\nAccept: ${accept}\r\n\r\n`);
  await waitFor(() => text.includes('"recovered":false'));
  socket.pause();
  return { socket, text: () => text };
}

test.each(['text/event-stream', 'application/x-ndjson'])(
  '[P83] [P89] a reader of %s that stops reading costs bounded memory, and has everything once and in order when it goes on',
  async (accept) => {
    const hub = await room();
    const { socket, text } = await stalledReader(`${hub.url}/api/rooms/chat:lobby/events`, accept);
    const waiting = () => Math.max(...[...hub.sockets].map((open) => open.writableLength));
    for (let n = 0; n < MESSAGES; n++) await hub.rooms.system.publish('chat:lobby', 'text', { n, pad: PAYLOAD });
    // Nine megabytes were said; what waits for the reader is a page of the log at most, and one write.
    expect(waiting()).toBeLessThan(2 * 1024 * 1024);
    socket.resume();
    await waitFor(() => text().includes(`"n":${MESSAGES - 1},`));
    expect([...text().matchAll(/"n":(\d+),"pad"/g)].map(([, n]) => Number(n))).toEqual(Array.from({ length: MESSAGES }, (_, n) => n));
  },
);
