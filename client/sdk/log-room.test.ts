import { expect, test } from '@jest/globals';
import type { StartedHub } from '../../server/start-hub.js';
import { openMemoryHub } from '../../test/support/memory-hub.js';
import { testScope } from '../../test/support/scope.js';
import { waitFor } from '../../test/support/wait.js';
import type { LogOptions, LogRoom, NamedFrame } from './api.js';
import { connect } from './roomcast.js';

const scope = testScope();
const ROOM = 'logs:api';

function open(server: StartedHub) {
  const io = { reconnectionDelay: 5, reconnectionDelayMax: 20, transports: ['websocket'] };
  return scope.defer(connect(server.url, { io }), (opened) => opened.close());
}

/** A log room and what its listener hears. */
function follow(server: StartedHub, options: LogOptions = {}) {
  const room: LogRoom = open(server).logs(ROOM, options);
  const lines: string[] = [];
  const heard: string[] = [];
  room.on('lines', (batch) => lines.push(...batch.lines.map(({ text }) => text)));
  room.on('filtered', ({ level }) => lines.splice(0, lines.length, `since ${level}`));
  for (const event of ['gap', 'recovered', 'error'] as const) room.on(event, () => heard.push(event));
  return { room, lines, heard };
}

const publish = (server: StartedHub, text: string, level: 'error' | 'info' = 'error') =>
  server.publish(ROOM, { lines: [{ text, level }] }, { type: 'lines' });

/** Every connection is lost, as on a network. */
const cut = (server: StartedHub) => {
  for (const socket of server.io.sockets.sockets.values()) socket.conn.close();
};

test('[P101] [P102] lines that pass come in order and once, over a lost connection too', async () => {
  const server = await openMemoryHub(scope, { limits: false });
  await publish(server, 'before');
  const { room, lines, heard } = follow(server, { filter: { level: 'error' } });
  await room.ready;
  await publish(server, 'live');
  await publish(server, 'not asked for', 'info');
  await waitFor(() => lines.length === 2);
  for (let n = 0; n < 3; n++) {
    cut(server);
    for (let m = 0; m < 20; m++) await publish(server, `${n}.${m}`, m % 2 ? 'error' : 'info');
    await waitFor(() => lines.includes(`${n}.19`));
  }
  const passed = [0, 1, 2].flatMap((n) => Array.from({ length: 10 }, (_, m) => `${n}.${2 * m + 1}`));
  expect(lines).toEqual(['before', 'live', ...passed]);
  expect(new Set(heard)).toEqual(new Set(['recovered']));
  const later = follow(server, { filter: { text: '2.1*' }, since: room.position! });
  await later.room.ready;
  await publish(server, '2.1 again');
  await waitFor(() => later.lines.length === 1);
});

test('another filter begins anew, with its newest lines', async () => {
  const server = await openMemoryHub(scope);
  for (const text of ['a', 'b']) await publish(server, text, 'info');
  const { room, lines, heard } = follow(server, { filter: { level: 'error' } });
  await room.ready;
  await publish(server, 'c');
  await waitFor(() => lines.length === 1);
  room.setFilter({ level: 'info' });
  await waitFor(() => lines.length === 4);
  await publish(server, 'd', 'info');
  await waitFor(() => lines.length === 5);
  expect([lines, heard, room.filter]).toEqual([['since info', 'a', 'b', 'c', 'd'], [], { level: 'info' }]);
});

test('a second way to see a room over one connection is refused, and the first one goes on', async () => {
  const server = await openMemoryHub(scope);
  const hub = open(server);
  const first = hub.logs(ROOM, { filter: { level: 'error' } });
  const lines: string[] = [];
  first.on('lines', (batch) => lines.push(...batch.lines.map(({ text }) => text)));
  await first.ready;
  await expect(hub.logs(ROOM).ready).rejects.toMatchObject({ code: 'invalid' });
  await expect(hub.room(ROOM).ready).rejects.toMatchObject({ code: 'invalid' });
  await hub.metrics('metrics:a', { series: ['cpu'] }).ready;
  await hub.metrics('metrics:a', { series: ['cpu'], maxHz: 1 }).ready;
  await expect(hub.metrics('metrics:a').ready).rejects.toMatchObject({ code: 'invalid' });
  await publish(server, 'on');
  await waitFor(() => lines.length === 1);
  first.leave();
  await hub.room(ROOM).ready;
});

test('[P130] [P133] metric rooms as bytes: the frames are those of JSON, by names', async () => {
  const server = await openMemoryHub(scope);
  const wish = { series: ['cpu*'], quantiles: [0.5] };
  const rooms = [open(server).metrics('metrics:a', wish), open(server).metrics('metrics:a', { ...wish, binary: true })];
  const frames: NamedFrame[][] = [[], []];
  for (const [i, room] of rooms.entries()) {
    room.on('frame', (frame) => frames[i]!.push(frame));
    await room.ready;
  }
  for (const cpu of [1, 0.1]) {
    await server.publish('metrics:a', { t: 1_700_000_000_000 + cpu, names: ['cpu', 'mem'], values: [cpu, 2] }, { type: 'samples' });
  }
  await waitFor(() => frames.every((heard) => heard.length === 2));
  expect(frames[0]).toMatchObject([
    { names: ['cpu'], values: [1] },
    { names: ['cpu'], values: [0.1] },
  ]);
  expect(frames[1]).toEqual(frames[0]);
});
