import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ErrorCode, HubError } from '../../shared/errors.js';
import type { PublishAnswer, SampleColumns } from '../../shared/protocol.js';
import { KINDS, parseRoom } from '../../shared/rooms.js';
import { ManualClock } from '../../test/support/manual-clock.js';
import { RoomOutbox } from '../ingest/room-outbox.js';
import { SampleCoalescer, type SampleCoalescerOptions } from './sample-coalescer.js';
import { eachSample } from './sample-columns.js';

const ROOM = parseRoom('metrics:a', KINDS);
const INTERVAL_MS = KINDS.metrics.frameIntervalMs;

function coalescer(options: Partial<SampleCoalescerOptions> = {}) {
  const clock = new ManualClock();
  const published: SampleColumns[] = [];
  const store: { fails?: ErrorCode | undefined } = {};
  const publish = async (room: string, type: string, data: unknown): Promise<PublishAnswer> => {
    if (store.fails) throw new HubError(store.fails);
    expect([room, type]).toEqual([ROOM.room, 'samples']);
    published.push(data as SampleColumns);
    return { id: '', position: 'e:1', time: 0 };
  };
  const outbox = new RoomOutbox({ publisher: { publish }, clock, retryForMs: 60_000, bytesPerRoom: 1_000 });
  const samples = new SampleCoalescer({ outbox, clock, ...options });
  return { clock, published, store, samples };
}

test('samples of one interval are one message with the latest of each series', async () => {
  const { samples, clock, published } = coalescer();
  const intake = samples.intake(ROOM);
  for (const [series, value, t] of [
    ['cpu', 1, 1_000],
    ['mem', 5, 1_001],
    ['cpu', 2, 1_100],
    ['cpu', 9, 1_050],
  ] as const) {
    expect(intake.add(series, value, t)).toBe(true);
  }
  await clock.advance(INTERVAL_MS - 1);
  expect(published).toEqual([]);
  await clock.advance(1);
  expect(published).toEqual([{ t: 1_100, names: ['cpu', 'mem'], values: [2, 5], ago: [0, 99] }]);
});

test('a late sample is published at its own time, before the newer one', async () => {
  const { samples, clock, published } = coalescer();
  const intake = samples.intake(ROOM);
  intake.add('cpu', 2, 60_000);
  intake.add('cpu', 1, 30_000);
  await clock.advance(INTERVAL_MS);
  expect(published.map(({ t, values }) => [t, values])).toEqual([
    [30_000, [1]],
    [60_000, [2]],
  ]);
});

test('no timer is armed while there are no samples', async () => {
  const { samples, clock } = coalescer();
  expect(clock.armed).toBe(0);
  samples.intake(ROOM).add('cpu', 1, 1);
  expect(clock.armed).toBe(1);
  await clock.advance(INTERVAL_MS);
  expect(clock.armed).toBe(0);
});

test('a series beyond the limit is refused until another has been quiet for long', async () => {
  const { samples, clock } = coalescer({ seriesPerSender: 2, seriesIdleMs: 1_000 });
  const add = (series: string) => samples.intake(ROOM).add(series, 1, clock.now());
  expect([add('a'), add('b'), add('c'), add('a')]).toEqual([true, true, false, true]);
  await clock.advance(1_000);
  add('a');
  await clock.advance(1_000);
  expect([add('a'), add('c'), add('d')]).toEqual([true, true, false]);
});

test('what the store does not take is kept for later, and past the bound new samples are refused as busy', async () => {
  const { samples, clock, published, store } = coalescer();
  store.fails = 'unavailable';
  let taken = 0;
  const fill = async () => {
    for (; taken < 1_000; taken++) {
      samples.intake(ROOM).add('cpu', taken, clock.now());
      await clock.advance(INTERVAL_MS);
    }
  };
  await expect(fill()).rejects.toMatchObject({ code: 'busy' });
  expect(taken).toBeLessThan(100);
  store.fails = undefined;
  await clock.advance(2_000);
  expect(published.map(({ values }) => values[0])).toEqual([...Array(taken).keys()]);
});

test('samples that are given up are counted', async () => {
  let lost = 0;
  const { samples, clock, store } = coalescer({
    onLost: (_room, values) => {
      lost += values;
    },
  });
  store.fails = 'storage_full';
  samples.intake(ROOM).add('a', 1, 1);
  samples.intake(ROOM).add('b', 1, 1);
  await clock.advance(INTERVAL_MS + 60_000);
  expect(lost).toBe(2);
});

test('a room of many series goes out in messages of bounded size', async () => {
  const { samples, clock, published } = coalescer({ messageBytes: 2_000 });
  for (let i = 0; i < 1_000; i++) samples.intake(ROOM).add(`series_${i}`, i, 1);
  await clock.advance(INTERVAL_MS);
  expect(published.length).toBeGreaterThan(10);
  for (const columns of published) expect(JSON.stringify(columns).length).toBeLessThan(2_500);
  expect(published.flatMap(({ values }) => values)).toEqual([...Array(1_000).keys()]);
});

const sample = fc.record({ series: fc.constantFrom('a', 'b', 'c'), t: fc.integer({ min: 0, max: 3_000 }) });

test('whatever the order of arrival, each interval keeps the latest value of each series, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sample, { minLength: 1, maxLength: 60 }), async (arrivals) => {
      const { samples, clock, published } = coalescer();
      const origin = arrivals[0]?.t ?? 0;
      const latest = new Map<string, { t: number; value: number }>();
      const keyOf = (series: string, t: number) => `${Math.floor((t - origin) / INTERVAL_MS)} ${series}`;
      arrivals.forEach(({ series, t }, value) => {
        samples.intake(ROOM).add(series, value, t);
        const key = keyOf(series, t);
        if (t >= (latest.get(key)?.t ?? t)) latest.set(key, { t, value });
      });
      await clock.advance(INTERVAL_MS);
      const kept = published.flatMap((columns) => {
        const values: [string, { t: number; value: number }][] = [];
        eachSample(columns, (series, value, t) => values.push([keyOf(series, t), { t, value }]));
        return values;
      });
      expect(kept.length).toBe(latest.size);
      expect(new Map(kept)).toEqual(latest);
      expect(published.map(({ t }) => t)).toEqual(published.map(({ t }) => t).sort((a, b) => a - b));
    }),
    { numRuns: 100 },
  );
});

test('each sender has its own limit in each room, and a series that ended makes place for another', async () => {
  const { samples, clock, published } = coalescer({ seriesPerSender: 2 });
  const from = (sender: string) => samples.intake(ROOM, sender);
  expect(['a', 'b', 'c'].map((series) => from('x').add(series, 1, 1))).toEqual([true, true, false]);
  expect(['c', 'd', 'a'].map((series) => from('y').add(series, 2, 1))).toEqual([true, true, false]);
  from('x').end('a');
  from('x').end('never there');
  expect(['c', 'a'].map((series) => from('x').add(series, 3, 1))).toEqual([true, false]);
  await clock.advance(INTERVAL_MS);
  expect(published).toEqual([{ t: 1, names: ['a', 'b', 'c', 'd'], values: [1, 1, 3, 2] }]);
});

test('series that were forgotten or ended count no more among those of the whole hub', async () => {
  const { samples, clock } = coalescer({ seriesTotal: 2, seriesIdleMs: 1_000 });
  const add = (sender: string, series: string) => samples.intake(ROOM, sender).add(series, 1, clock.now());
  expect([add('x', 'a'), add('y', 'a'), add('z', 'a')]).toEqual([true, true, false]);
  samples.intake(ROOM, 'x').end('a');
  expect([add('z', 'a'), add('x', 'a')]).toEqual([true, false]);
  await clock.advance(2_000);
  expect([add('x', 'a'), add('x', 'b'), add('x', 'c')]).toEqual([true, true, false]);
});
