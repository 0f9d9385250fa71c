import { expect, test } from '@jest/globals';
import type { MetricSnapshot } from '../../shared/protocol.js';
import { testScope } from '../../test/support/scope.js';
import { SmallHub } from '../../test/support/small-hub.js';
import { waitFor } from '../../test/support/wait.js';
import type { Hub, NamedFrame } from './api.js';
import { connect } from './roomcast.js';

const scope = testScope();
const ROOM = 'metrics:host';

const snapshot = (names: string[], values: number[], t = 1_000): MetricSnapshot => ({
  names,
  latest: { series: names.map((_, i) => i), t: names.map(() => t), values },
  backfill: [{ t, series: names.map((_, i) => i), values }],
});

async function start(metrics: MetricSnapshot): Promise<{ server: SmallHub; hub: Hub }> {
  const server = scope.defer(new SmallHub(), (started) => started.close());
  const url = await server.listen();
  server.metrics = metrics;
  const hub = scope.defer(connect(url, { io: { reconnectionDelay: 5, reconnectionDelayMax: 20 } }), (opened) => opened.close());
  return { server, hub };
}

test('a snapshot comes first, then frames, all by series names', async () => {
  const { server, hub } = await start(snapshot(['cpu', 'mem'], [1, 2]));
  const room = hub.metrics(ROOM, { maxHz: 2 });
  const snapshots: unknown[] = [];
  const frames: NamedFrame[] = [];
  room.on('snapshot', (given) => snapshots.push(given));
  room.on('frame', (frame) => frames.push(frame));
  await room.ready;
  expect(server.requests[0]?.payload).toEqual({ room: ROOM, maxHz: 2 });
  expect(snapshots).toEqual([{ names: ['cpu', 'mem'], backfill: [{ t: 1_000, names: ['cpu', 'mem'], values: [1, 2] }] }]);
  server.frame({ room: ROOM, position: 'e1:1', t: 2_000, series: [1, 2], values: [3, 4], ago: [0, 40], names: { 2: 'net' } });
  await waitFor(() => frames.length === 1);
  expect(frames).toEqual([{ t: 2_000, names: ['mem', 'net'], values: [3, 4], ago: [0, 40] }]);
  expect(Object.fromEntries(room.latest)).toEqual({
    cpu: { t: 1_000, value: 1 },
    mem: { t: 2_000, value: 3 },
    net: { t: 1_960, value: 4 },
  });
});

test('after a reconnect the new snapshot takes the place of everything, numbers included', async () => {
  const { server, hub } = await start(snapshot(['cpu', 'mem'], [1, 2]));
  const room = hub.metrics(ROOM);
  let snapshots = 0;
  room.on('snapshot', () => snapshots++);
  const frames: NamedFrame[] = [];
  room.on('frame', (frame) => frames.push(frame));
  await room.ready;
  server.metrics = snapshot(['net', 'cpu'], [8, 9]);
  server.cut();
  await waitFor(() => snapshots === 2);
  expect(Object.fromEntries(room.latest)).toEqual({ net: { t: 1_000, value: 8 }, cpu: { t: 1_000, value: 9 } });
  server.frame({ room: ROOM, t: 2_000, series: [0], values: [10] });
  await waitFor(() => frames.length === 1);
  expect(frames[0]).toEqual({ t: 2_000, names: ['net'], values: [10] });
});

test('a frame with a number that was never named asks for a new snapshot, once', async () => {
  const { server, hub } = await start(snapshot(['cpu'], [1]));
  const room = hub.metrics(ROOM);
  const frames: NamedFrame[] = [];
  room.on('frame', (frame) => frames.push(frame));
  await room.ready;
  for (const t of [1, 2, 3]) server.frame({ room: ROOM, t, series: [0, 7], values: [t, 0] });
  await waitFor(() => frames.length === 3);
  expect(frames[0]).toEqual({ t: 1, names: ['cpu'], values: [1] });
  const subscriptions = server.requests.filter(({ event }) => event === 'subscribe');
  expect(subscriptions).toHaveLength(2);
});
