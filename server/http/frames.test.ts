import { expect, test } from '@jest/globals';
import { get } from '../../test/support/http.js';
import { startHttpApp } from '../../test/support/http-app.js';
import { testScope } from '../../test/support/scope.js';
import { openSse, type SseStream } from '../../test/support/sse-client.js';

const scope = testScope();
const ROOM = 'metrics:web';

async function room() {
  const hub = await startHttpApp(scope);
  const say = (values: Record<string, number>) =>
    hub.rooms.system.publish(ROOM, 'samples', { t: Date.now(), names: Object.keys(values), values: Object.values(values) });
  return { ...hub, say, at: `${hub.url}/api/rooms/${ROOM}/events` };
}

const began = (stream: SseStream) => stream.event(({ event }) => event === 'position');
const named = (stream: SseStream, name: string) => stream.events.filter(({ event }) => event === name).map(({ data }) => JSON.parse(data));

test('[P134] an event stream that asks for frames begins with a snapshot and goes on with frames of what it asked for', async () => {
  const { say, at } = await room();
  await say({ cpu: 1, mem: 2 });
  const stream = await openSse(scope, `${at}?series=m*&series=disk`, { 'last-event-id': 'old:1' });
  await began(stream);
  expect(stream.events.map(({ event }) => event)).toEqual(['snapshot', 'position']);
  expect(named(stream, 'snapshot')).toMatchObject([{ room: ROOM, names: ['mem'], latest: { series: [0], values: [2] } }]);
  await say({ cpu: 3, disk: 4 });
  await stream.event(({ event }) => event === 'frame');
  expect(named(stream, 'frame')).toMatchObject([{ room: ROOM, series: [1], values: [4], names: { 1: 'disk' } }]);
});

test('[P134] [P136] a stream asks for as many points of the last minutes as it can show', async () => {
  const { say, at } = await room();
  for (let n = 1; n <= 12; n++) await say({ n });
  const stream = await openSse(scope, `${at}?points=3&downsample=lttb`);
  await began(stream);
  const [{ backfill }] = named(stream, 'snapshot');
  const values = backfill.flatMap((row: { values: number[] }) => row.values);
  expect(values).toHaveLength(3);
  expect([values[0], values[2]]).toEqual([1, 12]);
});

test('[P56] [P134] a stream gets no more frames than its maxHz, and the newest values', async () => {
  const { say, at } = await room();
  const [calm, eager] = [await openSse(scope, `${at}?maxHz=1`), await openSse(scope, `${at}?maxHz=20`)];
  await Promise.all([began(calm), began(eager)]);
  for (let n = 1; n <= 20; n++) await say({ n });
  await eager.event(({ event, data }) => event === 'frame' && data.includes('[20]'));
  await calm.event(({ event, data }) => event === 'frame' && data.includes('[20]'));
  expect(named(eager, 'frame')).toHaveLength(20);
  expect(named(calm, 'frame').length).toBeLessThan(20);
});

test('[P53] [P134] without such a wish the messages come as they are; a wish that cannot be is refused', async () => {
  const { say, at, url } = await room();
  const stream = await openSse(scope, at);
  await began(stream);
  await say({ cpu: 1 });
  await stream.event(({ event }) => event === 'message');
  for (const query of ['maxHz=0', 'maxHz=x', 'series=cpu{', 'quantiles=1', 'series=', 'points=1', 'downsample=none']) {
    expect([query, await get(`${at}?${query}`)]).toMatchObject([query, { status: 400, body: { error: { code: 'invalid' } } }]);
  }
  expect(await get(`${url}/api/rooms/logs:api/events?series=a`)).toMatchObject({ status: 400 });
});
