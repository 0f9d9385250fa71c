import { expect, test } from '@jest/globals';
import type { LogLine } from '../../shared/schemas.js';
import { get } from '../../test/support/http.js';
import { startHttpApp } from '../../test/support/http-app.js';
import { testScope } from '../../test/support/scope.js';
import { openSse, type SseStream } from '../../test/support/sse-client.js';
import { waitFor } from '../../test/support/wait.js';

const scope = testScope();
const ROOM = 'logs:api';

async function room() {
  const hub = await startHttpApp(scope);
  const say = async (...lines: LogLine[]): Promise<string> => (await hub.rooms.system.publish(ROOM, 'lines', { lines })).position;
  return { ...hub, say, at: `${hub.url}/api/rooms/${ROOM}` };
}

const DEBUG: LogLine = { text: 'cache hit', level: 'debug' };
const error = (text: string, fields: Record<string, unknown> = { status: 504 }): LogLine => ({ text, level: 'error', fields });
const heard = (stream: SseStream) =>
  stream.events.filter(({ event }) => event === 'lines').flatMap(({ data }) => JSON.parse(data).lines.map(({ text }: LogLine) => text));

test('[P104] an event stream with a filter carries its lines, each batch with its position as the id', async () => {
  const { say, at } = await room();
  await say(error('one'), DEBUG);
  const stream = await openSse(scope, `${at}/events?level=warn&text=E&field.status=5*&last=10`);
  await stream.event(({ event }) => event === 'position');
  const position = await say(DEBUG, error('three'), error('four', { status: 404 }));
  const { id, data } = await stream.event(({ event, data: text }) => event === 'lines' && text.includes('three'));
  expect(id).toBe(position);
  expect(JSON.parse(data)).toMatchObject({ room: ROOM, position, lines: [error('three')] });
  expect(heard(stream)).toEqual(['one', 'three']);
  expect(stream.events.some(({ event }) => event === 'message')).toBe(false);
});

test('[P102] [P104] Last-Event-ID continues a filtered stream without a hole', async () => {
  const { say, at } = await room();
  const position = await say(error('seen'));
  for (let n = 0; n < 600; n++) await say(DEBUG, ...(n % 100 === 0 ? [error(`missed ${n}`)] : []));
  const stream = await openSse(scope, `${at}/events?level=error`, { 'last-event-id': position });
  await say(error('live'));
  await stream.event(({ data }) => data.includes('live'));
  expect(heard(stream)).toEqual([...[0, 1, 2, 3, 4, 5].map((n) => `missed ${n * 100}`), 'live']);
  expect(stream.events.some(({ event }) => event === 'gap')).toBe(false);
});

test('[P104] a long poll with a filter gives one page at a time, then waits for a line that passes', async () => {
  const { say, at, streams } = await room();
  const position = await say(error('seen'));
  for (let n = 0; n < 501; n++) await say(DEBUG);
  const newest = await say(error('found'));
  const url = (after: string, wait = 0) => `${at}/messages?level=error&after=${after}&wait=${wait}`;
  const { body: first } = await get(url(position, 20));
  expect(first).toMatchObject({ lines: [], more: true, recovered: true });
  expect((await get(url(first.position))).body).toEqual({ lines: [error('found')], more: false, position: newest, recovered: true });
  const polled = get(url(newest, 20));
  await waitFor(() => streams.size === 1);
  await say(DEBUG);
  const last = await say(error('waited for'));
  expect((await polled).body).toEqual({ lines: [error('waited for')], more: false, position: last, recovered: true });
});

test('[P104] without a position a page has the newest lines; a wait that is over has its position', async () => {
  const { say, at } = await room();
  await say(error('one'), DEBUG, error('two'));
  const position = await say(DEBUG);
  expect((await get(`${at}/messages?level=error&limit=1`)).body).toEqual({ lines: [error('two')], more: false, position });
  expect((await get(`${at}/messages?level=error&after=${position}&wait=0.02`)).body).toMatchObject({
    lines: [],
    position,
    recovered: true,
  });
  expect((await get(`${at}/messages?level=error&after=elsewhere:1`)).body).toMatchObject({ recovered: false, position });
});

test('[P100] [P104] what is no filter is refused, and so is one of a room without lines', async () => {
  const { at, url } = await room();
  for (const query of [
    'level=loud',
    'text=',
    `text=${'*'.repeat(9)}`,
    'level=warn&level=error',
    'field.__proto__=x',
    `${'field.a=1&'.repeat(2)}`,
  ]) {
    expect([query, await get(`${at}/events?${query}`)]).toMatchObject([query, { status: 400, body: { error: { code: 'invalid' } } }]);
  }
  expect(await get(`${at}/messages?level=warn&before=a1:1`)).toMatchObject({ status: 400 });
  expect(await get(`${url}/api/rooms/metrics:host/events?level=warn`)).toMatchObject({ status: 400 });
});
