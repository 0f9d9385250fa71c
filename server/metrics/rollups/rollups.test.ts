import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SampleColumns } from '../../../shared/protocol.js';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { waitFor } from '../../../test/support/wait.js';
import { createMemoryRoomLog } from '../../log/memory-room-log.js';
import type { RoomLog } from '../../log/room-log.js';
import { queryRange, rangeQuerySchema } from '../metric-range.js';
import { createMemoryRollupStore } from './memory-rollup-store.js';
import { RollupKeeper } from './rollup-keeper.js';
import { ROLLUP_STEPS_MS, rollupLevels } from './rollup-levels.js';
import { rollUp } from './rollup-pass.js';
import type { RollupStore } from './rollup-store.js';

const ROOM = 'metrics:a';
const NOW = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
const LEVELS = rollupLevels([HOUR_MS, 6 * HOUR_MS, 48 * HOUR_MS]);
const KEEP = { messages: 0, ttlMs: 0 };

/** A log, the roll-ups of two instances over one store, and a clock that all of them read. */
function openWorld(levels = LEVELS) {
  const clock = new ManualClock(NOW);
  const store = createMemoryRollupStore({ levels, now: clock.now });
  const faults: unknown[] = [];
  const keeperOf = (log: Pick<RoomLog, 'read'>) =>
    new RollupKeeper({ log, store, levels, clock, passMs: 1_000, random: () => 0.5, onFault: (error) => faults.push(error) });
  const log = createMemoryRoomLog({ now: clock.now });
  const keepers = [keeperOf(log), keeperOf(log)] as const;
  let messages = 0;
  const add = async (columns: SampleColumns, keeper: RollupKeeper = keepers[0]) => {
    await log.append({ room: ROOM, id: `m${++messages}`, type: 'samples', from: { id: 'hub', name: 'hub' }, data: columns }, KEEP);
    keeper.touch(ROOM);
  };
  const rollups = { store, levels, catchUp: (room: typeof ROOM) => keepers[0].catchUp(room) };
  const ask = (query: Record<string, unknown>, from: Partial<{ log: Pick<RoomLog, 'read'>; rollups: typeof rollups }> = { rollups }) =>
    queryRange({ log, room: ROOM, now: clock.now(), ...rangeQuerySchema.parse(query), ...from });
  return { clock, store, log, keepers, faults, add, ask, levels, rollups };
}

const sample = (t: number, value: number, name = 'cpu'): SampleColumns => ({ t, names: [name], values: [value] });

test('a range from roll-ups says what one from the samples says, whatever was rolled up by then, and by whom', async () => {
  const event = fc.oneof(
    fc.record({
      t: fc.integer({ min: NOW - 200_000, max: NOW }),
      value: fc.integer({ min: -9, max: 9 }),
      name: fc.constantFrom('a', 'b{x="1"}'),
    }),
    fc.record({ passes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }) }),
  );
  const query = fc.record({
    stepMs: fc.constantFrom(1_000, 3_000, 10_000, 60_000),
    aggregate: fc.constantFrom('avg', 'min', 'max', 'last', 'sum', 'count'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 40 }), query, async (events, asked) => {
      const world = openWorld();
      for (const one of events) {
        if ('t' in one) await world.add(sample(one.t, one.value, one.name));
        else await Promise.all(one.passes.map((maxValues) => rollUp({ ...world, room: ROOM, now: NOW, maxValues })));
      }
      const range = { ...asked, from: NOW - 200_000, to: NOW };
      const { resolutionMs, ...answer } = await world.ask(range);
      const { resolutionMs: _, ...plain } = await world.ask(range, {});
      expect(answer).toEqual(plain);
      expect(resolutionMs).toBeGreaterThan(0);
    }),
    { numRuns: 60 },
  );
});

test('a range of all the time that there is is refused before its chunks are counted', async () => {
  const world = openWorld();
  await world.add(sample(NOW, 1));
  const tooLarge = { code: 'too_large' };
  for (const range of [
    { from: '0', to: '8.64e15' },
    { to: '8.64e15', last: '900000d' },
    { from: String(NOW), to: '8.64e15' },
  ])
    await expect(world.ask(range)).rejects.toMatchObject(tooLarge);
  expect((await world.ask({ from: String(NOW - 2_000 * 86_400_000), to: String(NOW) })).series).toHaveLength(1);
});

test('what is rolled up outlives the log, each level for its own time', async () => {
  const world = openWorld();
  for (let i = 0; i < 60; i++) await world.add(sample(NOW - 60_000 + i * 1_000, i));
  await world.keepers[0].close();
  const gone = { log: createMemoryRoomLog({ now: world.clock.now }), rollups: world.rollups };
  const values = async (stepMs: number) => {
    const { series, stepMs: given } = await world.ask({ from: NOW - 60_000, to: NOW - 1, stepMs, aggregate: 'max' }, gone);
    return { given, values: series[0]?.values.filter((value) => value !== null) };
  };
  expect(await values(1_000)).toEqual({ given: 1_000, values: [...Array(60).keys()] });
  await world.clock.advance(2 * HOUR_MS);
  expect(await values(1_000)).toEqual({ given: 10_000, values: [9, 19, 29, 39, 49, 59] });
  await world.clock.advance(6 * HOUR_MS);
  expect(await values(1_000)).toEqual({ given: 60_000, values: [59] });
});

test('a late sample is placed at its own time, and changes no newer value', async () => {
  const world = openWorld();
  await world.add(sample(NOW, 5));
  await world.keepers[0].catchUp(ROOM);
  await world.add({ t: NOW - 30_000, names: ['cpu', 'mem'], values: [1, 2], ago: [0, 10_000] });
  await world.keepers[0].catchUp(ROOM);
  const { series } = await world.ask({ from: NOW - 40_000, to: NOW, stepMs: 10_000, aggregate: 'last' });
  expect(series).toEqual([
    { name: 'cpu', values: [null, 1, null, null, 5] },
    { name: 'mem', values: [2, null, null, null, null] },
  ]);
  for (const [t, value] of [[NOW + 8_000, 7] as const, [NOW + 2_000, 6] as const]) {
    await world.add(sample(t, value));
    await world.keepers[0].catchUp(ROOM);
  }
  const bucket = await world.ask({ from: NOW, to: NOW, stepMs: 10_000, aggregate: 'last', series: 'cpu' });
  expect(bucket.series).toEqual([{ name: 'cpu', values: [7] }]);
});

test('a sample older than a level is kept is left out of that level alone, one from the future out of all', async () => {
  const world = openWorld();
  await world.add(sample(NOW - 2 * HOUR_MS, 1));
  await world.add(sample(NOW + HOUR_MS, 9));
  await world.keepers[0].catchUp(ROOM);
  const stored = await world.store.read(
    ROOM,
    ROLLUP_STEPS_MS.flatMap((stepMs) =>
      [NOW - 2 * HOUR_MS, NOW + HOUR_MS].map((t) => ({ stepMs, start: Math.floor(t / (15 * stepMs)) * 15 * stepMs, series: 'cpu' })),
    ),
  );
  expect(stored.chunks.map(Boolean)).toEqual([false, false, true, false, true, false]);
});

test('two instances that write into one room count each sample once', async () => {
  const world = openWorld();
  for (let i = 0; i < 500; i++) await world.add(sample(NOW + i, 1), world.keepers[i % 2]);
  await world.clock.advance(1_000);
  await waitFor(async () => (await world.store.mark(ROOM))?.endsWith(':500'));
  const { series } = await world.ask({ from: NOW, to: NOW + 5_000, stepMs: 10_000, aggregate: 'count' });
  expect(series).toEqual([{ name: 'cpu', values: [500] }]);
  expect(world.faults).toEqual([]);
});

test('an instance that stops rolls up what is left', async () => {
  const world = openWorld();
  await world.add(sample(NOW, 1));
  await world.keepers[0].close();
  expect(await world.store.mark(ROOM)).toMatch(/:1$/);
  world.keepers[0].touch(ROOM);
  expect(world.clock.armed).toBe(0);
});

test('a log that began anew is rolled up from its beginning, onto what was there', async () => {
  const world = openWorld();
  for (let i = 0; i < 3; i++) await world.add(sample(NOW, 1));
  await world.keepers[0].catchUp(ROOM);
  const anew = createMemoryRoomLog({ now: world.clock.now });
  await anew.append({ room: ROOM, id: 'x', type: 'samples', from: { id: 'hub', name: 'hub' }, data: sample(NOW, 1) }, KEEP);
  await rollUp({ ...world, log: anew, room: ROOM, now: NOW });
  const { series } = await world.ask({ from: NOW, to: NOW, stepMs: 10_000, aggregate: 'count' }, { log: anew, rollups: world.rollups });
  expect(series[0]?.values).toEqual([4]);
});

test('a store that fails is told of and tried again', async () => {
  const world = openWorld();
  let away = true;
  const store: RollupStore = {
    ...world.store,
    commit: async (...args) => (away ? Promise.reject(new Error('away')) : world.store.commit(...args)),
  };
  const faults: unknown[] = [];
  const keeper = new RollupKeeper({ ...world, store, passMs: 1_000, random: () => 0.5, onFault: (error) => faults.push(error) });
  await world.add(sample(NOW, 1), keeper);
  await world.clock.advance(1_000);
  await waitFor(() => faults.length === 1 && world.clock.armed === 1);
  away = false;
  await world.clock.advance(1_000);
  await waitFor(async () => (await world.store.mark(ROOM))?.endsWith(':1'));
  expect(faults).toHaveLength(1);
});

test('messages that carry no samples are passed over once', async () => {
  const world = openWorld();
  await world.log.append({ room: ROOM, id: 'x', type: 'text', from: { id: 'hub', name: 'hub' }, data: 'hello' }, KEEP);
  await world.keepers[0].catchUp(ROOM);
  expect(await world.store.mark(ROOM)).toMatch(/:1$/);
});

test('with no level nothing is rolled up, and ranges are made from the log', async () => {
  const world = openWorld([]);
  await world.add(sample(NOW, 1));
  expect(world.clock.armed).toBe(0);
  expect((await world.ask({ from: NOW, to: NOW, stepMs: 1_000 })).series).toHaveLength(1);
});

test('a tail too long to be read for one answer is rolled up first', async () => {
  const world = openWorld();
  const names = Array.from({ length: 110 }, (_, i) => `s${i}`);
  for (let i = 0; i < 600; i++) await world.add({ t: NOW + i, names, values: names.map(() => 1) });
  const { series } = await world.ask({ series: 's7', from: NOW, to: NOW, stepMs: 10_000, aggregate: 'sum' });
  expect(series).toEqual([{ name: 's7', values: [600] }]);
  expect(await world.store.mark(ROOM)).toMatch(/:600$/);
});

test('quantiles are of the samples, rates of the roll-ups with what lies before the first step', async () => {
  const world = openWorld();
  for (let i = 0; i < 100; i++) await world.add(sample(NOW + i * 10, i * 10));
  await world.keepers[0].catchUp(ROOM);
  await world.add(sample(NOW + 1_500, 1_500));
  const asked = async (aggregate: string, from = NOW) =>
    (await world.ask({ from, to: NOW + 1_999, stepMs: 1_000, aggregate })).series[0]?.values;
  expect(await asked('p50')).toEqual([495, 1_500]);
  expect(await asked('rate', NOW + 1_000)).toEqual([1_000]);
});

test('a group is of all its series, also where there are more than an answer shows one by one', async () => {
  const world = openWorld();
  const names = Array.from({ length: 500 }, (_, i) => `cpu{core="${i}"}`);
  await world.add({ t: NOW, names, values: names.map(() => 1) });
  await world.keepers[0].catchUp(ROOM);
  await world.add({ t: NOW + 500, names, values: names.map(() => 1) });
  const asked = { from: NOW - 1_000_000, to: NOW, stepMs: 1_000, aggregate: 'count' };
  const { series, omitted } = await world.ask({ ...asked, by: '' });
  expect([series.map(({ name, values }) => [name, values.at(-1)]), omitted]).toEqual([[['cpu', 1_000]], 0]);
  const single = await world.ask(asked);
  expect([single.series.length, single.omitted]).toEqual([399, 101]);
});

test('a range that is read while its room is rolled up counts nothing twice', async () => {
  const world = openWorld();
  await world.add(sample(NOW, 1));
  await world.keepers[0].catchUp(ROOM);
  await world.add(sample(NOW, 1));
  let meanwhile: Promise<void> | undefined;
  const store: RollupStore = {
    ...world.store,
    read: async (...args) => {
      meanwhile ??= world.keepers[0].catchUp(ROOM);
      await meanwhile;
      return world.store.read(...args);
    },
  };
  const asked = { from: NOW, to: NOW, stepMs: 10_000, aggregate: 'count' };
  const { series } = await world.ask(asked, { rollups: { ...world.rollups, store } });
  expect(series).toEqual([{ name: 'cpu', values: [2] }]);
});
