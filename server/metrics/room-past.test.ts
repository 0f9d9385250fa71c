import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Frame } from '../../shared/protocol.js';
import { KINDS, parseRoom } from '../../shared/rooms.js';
import { ManualClock } from '../../test/support/manual-clock.js';
import { ChannelRegistry } from '../delivery/channel-registry.js';
import { createMemoryRoomLog } from '../log/memory-room-log.js';
import type { LogRange, RoomLog } from '../log/room-log.js';
import type { PresenceStore } from '../presence/presence-store.js';
import { FeedRegistry } from '../rooms/feed-registry.js';
import { createMetricView } from './metric-view.js';
import { createMemoryRollupStore } from './rollups/memory-rollup-store.js';
import { rollupLevels } from './rollups/rollup-levels.js';
import { rollUp } from './rollups/rollup-pass.js';
import { readPast } from './room-past.js';

const NOW = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
const LEVELS = rollupLevels([HOUR_MS, 6 * HOUR_MS, 48 * HOUR_MS]);
const PARSED = { ...parseRoom('metrics:a', KINDS), policy: { ...KINDS.metrics, presence: 'off' as const } };
const { room: ROOM } = PARSED;

/** A hub's instance that comes to a log and its roll-ups; `restart` makes another one. */
function openWorld() {
  const clock = new ManualClock(NOW);
  const log = createMemoryRoomLog({ now: clock.now });
  const store = createMemoryRollupStore({ levels: LEVELS, now: clock.now });
  const read: number[] = [];
  const counted: RoomLog = Object.assign(Object.create(log), {
    read: async (room: typeof ROOM, range: LogRange) => {
      const page = await log.read(room, range);
      read.push(page.entries.length);
      return page;
    },
  });
  const pass = (maxValues?: number) =>
    rollUp({ log, store, levels: LEVELS, room: ROOM, now: clock.now(), ...(maxValues && { maxValues }) });
  const catchUp = async () => {
    while (await pass());
  };
  let messages = 0;
  const add = (values: Record<string, number>, t = clock.now()) => {
    const data = { t, names: Object.keys(values), values: Object.values(values) };
    return log.append(
      { room: ROOM, id: `m${++messages}`, type: 'samples', from: { id: 'hub', name: 'hub' }, data },
      { messages: 0, ttlMs: 0 },
    );
  };
  const restart = () => {
    const frames: Frame[] = [];
    const feeds = new FeedRegistry({ log: counted, lingerMs: 0, verifyMs: 0, recentEntries: 12, onRepair: () => {}, onFault: fail });
    const rollups = { store, levels: LEVELS, catchUp };
    const view = createMetricView({
      clock,
      frameIntervalMs: 250,
      backfillPointsPerSeries: 2_000,
      past: (query) => readPast({ ...query, log: counted, rollups }),
    });
    const channels = new ChannelRegistry({
      feeds,
      log: counted,
      presence: {} as PresenceStore,
      output: { emit: (_group, event, payload) => event === 'frame' && frames.push(payload as Frame), message: () => {} },
      viewOf: () => view,
      now: clock.now,
    });
    return { frames, channels };
  };
  return { clock, add, pass, restart, read };
}

function fail(error: unknown): never {
  throw error;
}

/** What a newcomer of an instance that just started is shown. */
async function join({ channels }: ReturnType<ReturnType<typeof openWorld>['restart']>) {
  const { channel, release } = await channels.acquire(PARSED);
  const { answer } = channel.view!.attach({});
  return { metrics: answer.metrics!, release };
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), lateMs: fc.constantFrom(0, 0, 0, 7_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), maxValues: fc.integer({ min: 1, max: 9 }) }) },
);

test('[P55] after a restart, what a newcomer is shown and the frames that follow have each value once, however far the roll-ups were, whatever came meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.array(step, { maxLength: 10 }), async (before, during) => {
      const { clock, add, pass, restart } = openWorld();
      const sent: number[] = [];
      const run = async (steps: typeof before) => {
        for (const act of steps) {
          await clock.advance(1_000);
          sent.push(sent.length);
          // Each second of sample time has one value, so that none is thinned out of the roll-ups.
          if (act.do === 'add')
            await add({ n: sent.length - 1, [`s${sent.length % 3}`]: 1_000 + sent.length }, clock.now() - act.lateMs - (act.lateMs && 500));
          else await pass(act.maxValues);
          if (act.do === 'pass') sent.pop();
        }
      };
      await run(before);
      const instance = restart();
      const [{ metrics, release }] = await Promise.all([join(instance), run(during)]);
      await run(during);
      const names = new Map(metrics.names.entries());
      for (const { names: told } of instance.frames)
        for (const [number, name] of Object.entries(told ?? {})) names.set(Number(number), name);
      const seen = [...metrics.backfill, ...instance.frames].flatMap(({ series, values }) =>
        series.flatMap((number, i) => (names.get(number) === 'n' ? [values[i]] : [])),
      );
      expect([...seen].sort((a, b) => a! - b!)).toEqual(sent);
      release();
    }),
    { numRuns: 100 },
  );
});

test('a busy room is opened from its roll-ups and the little that its log has after them', async () => {
  const { clock, add, restart, read } = openWorld();
  const values = (at: number) => Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`s${i}`, at * (i + 1)]));
  for (let i = 0; i < 150; i++) {
    await add(values(i));
    await clock.advance(2_000);
  }
  await join(restart());
  read.length = 0;
  await add(values(150));
  const { metrics } = await join(restart());
  expect(read.reduce((sum, entries) => sum + entries, 0)).toBeLessThanOrEqual(151);
  expect(metrics.names).toHaveLength(1_000);
  expect(new Set(metrics.latest.values)).toEqual(new Set(Object.values(values(150))));
  const [first, points] = [metrics.backfill[0]?.t ?? 0, metrics.backfill.flatMap((row) => row.values)];
  expect(clock.now() - first).toBeGreaterThan(280_000);
  expect(points.length).toBeLessThanOrEqual(40_000);
});

test('without roll-ups of a room, and while they change too fast, its log has to do', async () => {
  const { clock, add } = openWorld();
  await add({ n: 1 });
  const log = createMemoryRoomLog({ now: clock.now });
  const store = createMemoryRollupStore({ levels: LEVELS, now: clock.now });
  const query = { log, room: ROOM, now: NOW, ageMs: 300_000, series: 10, cells: 1_000 };
  const rollups = { store, levels: LEVELS, catchUp: async () => {} };
  expect(await readPast({ ...query, rollups })).toBeUndefined();
  await log.append(
    { room: ROOM, id: 'm', type: 'samples', from: { id: 'hub', name: 'hub' }, data: { t: NOW, names: ['n'], values: [1] } },
    { messages: 0, ttlMs: 0 },
  );
  await rollUp({ log, store, levels: LEVELS, room: ROOM, now: NOW });
  expect(await readPast({ ...query, rollups })).toMatchObject({ upTo: { seq: 1 } });
  const restless = { ...store, read: async () => ({ mark: 'other:1', chunks: [] }) };
  expect(await readPast({ ...query, rollups: { ...rollups, store: restless } })).toBeUndefined();
});
