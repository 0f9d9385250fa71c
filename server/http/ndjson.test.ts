import { expect, test } from '@jest/globals';
import { send } from '../../test/support/http.js';
import { startHttpApp } from '../../test/support/http-app.js';
import { type NdjsonStream, openNdjson } from '../../test/support/ndjson-client.js';
import { testScope } from '../../test/support/scope.js';
import { waitFor } from '../../test/support/wait.js';
import type { HttpAppOptions } from './app.js';

const scope = testScope();

async function room(overrides: Partial<HttpAppOptions> = {}) {
  const hub = await startHttpApp(scope, overrides);
  const room = `${hub.url}/api/rooms/chat:lobby`;
  const say = async (n: number): Promise<string> => (await send('POST', `${room}/messages`, { data: { n } })).body.position;
  const listen = (query = '', headers = {}) => openNdjson(scope, `${room}/events${query}`, headers);
  return { ...hub, say, listen, events: `${room}/events` };
}

const began = (stream: NdjsonStream) => waitFor(() => stream.lines.find(({ event }) => event === 'position'));
const numbers = (stream: NdjsonStream) => stream.lines.filter(({ event }) => event === 'message').map(({ data }) => data.data.n);

test('[P89] asked for NDJSON, a stream is one object per line, with the same events, ids and headers', async () => {
  const { say, listen } = await room();
  const stream = await listen();
  expect(stream.status).toBe(200);
  expect(stream.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
  expect(stream.headers.get('vary')).toContain('Accept');
  expect(stream.headers.get('x-accel-buffering')).toBe('no');
  const start = await began(stream);
  expect(start).toEqual({ event: 'position', id: start.data.position, data: { room: 'chat:lobby', position: start.id, recovered: false } });
  const position = await say(1);
  const line = await waitFor(() => stream.lines.find(({ id }) => id === position));
  expect(line).toMatchObject({ event: 'message', data: { room: 'chat:lobby', position, type: 'text', data: { n: 1 } } });
});

test('[P89] it continues after Last-Event-ID or since, and says first when it cannot', async () => {
  const { say, listen } = await room();
  const positions = [await say(1), await say(2), await say(3)];
  const after = await listen(`?since=${positions[1]}`, { 'last-event-id': positions[0] });
  await began(after);
  expect(numbers(after)).toEqual([2, 3]);
  const since = await listen(`?since=${positions[1]}`);
  await began(since);
  expect(numbers(since)).toEqual([3]);
  const lost = await listen('?last=1', { 'last-event-id': 'elsewhere:1' });
  await began(lost);
  expect(lost.lines.map(({ event, id }) => [event, id])).toEqual([
    ['gap', undefined],
    ['message', positions[2]],
    ['position', positions[2]],
  ]);
});

test('[P89] a quiet stream carries heartbeat lines, and ends with the reason', async () => {
  const { listen, endStreams } = await room({ heartbeatMs: 5 });
  const stream = await listen();
  await waitFor(() => stream.lines.filter(({ event }) => event === 'heartbeat').length >= 2);
  endStreams();
  const end = await waitFor(() => stream.lines.find(({ event }) => event === 'closing'));
  expect(end.data.error).toMatchObject({ code: 'closing', retry: 'later' });
});

test.each([
  ['*/*', 'text/event-stream'],
  ['text/html', 'text/event-stream'],
  ['application/x-ndjson;q=0.5, text/event-stream', 'text/event-stream'],
  ['text/event-stream;q=0.5, application/x-ndjson', 'application/x-ndjson'],
])('who accepts %s is given %s', async (accept, type) => {
  const { events } = await room();
  const head = await fetch(events, { method: 'HEAD', headers: { accept } });
  expect(head.headers.get('content-type')).toContain(type);
});
