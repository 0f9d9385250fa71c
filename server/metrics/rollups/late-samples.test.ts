import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatPosition } from '../../../shared/position.js';
import type { RangeAnswer } from '../../../shared/protocol.js';
import { KINDS, parseRoom } from '../../../shared/rooms.js';
import { AGGREGATES } from '../../../shared/schemas.js';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { RoomOutbox } from '../../ingest/room-outbox.js';
import { createMemoryRoomLog } from '../../log/memory-room-log.js';
import { queryRange, rangeQuerySchema } from '../metric-range.js';
import { SampleCoalescer } from '../sample-coalescer.js';
import { createMemoryRollupStore } from './memory-rollup-store.js';
import { rollupLevels } from './rollup-levels.js';
import { rollUp } from './rollup-pass.js';

const PARSED = parseRoom('metrics:a', KINDS);
const { room: ROOM, policy } = PARSED;
const NOW = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
const LEVELS = rollupLevels([HOUR_MS, HOUR_MS, HOUR_MS]);
const SPAN_MS = 150_000;

interface Sample {
  readonly series: string;
  readonly value: number;
  readonly t: number;
}

/** Sends samples in their order, some at a time, with a pass of the roll-ups after some; gives what the ranges of each aggregate and step are. */
async function rangesOf(samples: readonly Sample[], atOnce: number, passes: readonly boolean[]) {
  const clock = new ManualClock(NOW);
  const log = createMemoryRoomLog({ now: clock.now });
  const store = createMemoryRollupStore({ levels: LEVELS, now: clock.now });
  const publish = async (room: string, type: string, data: unknown, { id = 'x' } = {}) => {
    const { entry } = await log.append(
      { room: room as typeof ROOM, id, type, from: { id: 'hub', name: 'hub' }, data },
      { messages: 0, ttlMs: 0 },
    );
    return { id, position: formatPosition(entry.epoch, entry.seq), time: entry.time };
  };
  const coalescer = new SampleCoalescer({ outbox: new RoomOutbox({ publisher: { publish }, clock, retryForMs: 1_000 }), clock });
  const pass = (maxValues?: number) => rollUp({ log, store, levels: LEVELS, room: ROOM, now: NOW, ...(maxValues && { maxValues }) });
  const catchUp = async () => {
    while (await pass());
  };
  for (let from = 0; from < samples.length; from += atOnce) {
    const intake = coalescer.intake(PARSED);
    for (const { series, value, t } of samples.slice(from, from + atOnce)) intake.add(series, value, t);
    await coalescer.flush();
    if (passes[(from / atOnce) % passes.length]) await pass(7);
  }
  const rollups = { store, levels: LEVELS, catchUp };
  const ask = (stepMs: number, aggregate: string): Promise<RangeAnswer> =>
    queryRange({ log, room: ROOM, now: NOW, rollups, ...rangeQuerySchema.parse({ from: NOW - SPAN_MS, to: NOW, stepMs, aggregate }) });
  await catchUp();
  return Promise.all([1_000, 10_000, 60_000].flatMap((stepMs) => AGGREGATES.map((aggregate) => ask(stepMs, aggregate))));
}

/** Samples of one series further apart than a frame's interval: those of one interval are one value. */
const samplesArb = fc
  .array(
    fc.record({
      series: fc.constantFrom('a', 'b{x="1"}'),
      value: fc.integer({ min: -50, max: 50 }),
      slot: fc.integer({ min: 0, max: SPAN_MS / policy.frameIntervalMs - 1 }),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((drawn) => [
    ...new Map(
      drawn.map(({ series, value, slot }) => [`${series} ${slot}`, { series, value, t: NOW - slot * policy.frameIntervalMs }]),
    ).values(),
  ]);

test('samples in any order make the same roll-ups and ranges as in the order of their times, whatever was stored and rolled up between', async () => {
  const shuffled = samplesArb.chain((samples) =>
    fc.tuple(fc.constant(samples), fc.shuffledSubarray(samples, { minLength: samples.length })),
  );
  await fc.assert(
    fc.asyncProperty(
      shuffled,
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
      async ([samples, any], atOnce, passes) => {
        const sorted = samples.toSorted((a, b) => a.t - b.t);
        expect(await rangesOf(any, atOnce, passes)).toEqual(await rangesOf(sorted, samples.length, [false]));
      },
    ),
    { numRuns: 60 },
  );
});
