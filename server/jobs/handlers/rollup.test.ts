import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { handlerContext } from '../../../test/support/job-context.js';
import { rollupInput } from './inputs.js';
import { quantile, summarize } from './percentiles.js';
import { run } from './rollup.js';

const ROOM = 'metrics:x';

function setup() {
  const time = { ms: 1_000_000 };
  const surroundings = handlerContext({ now: () => time.ms });
  /** Values of one moment, stored at that moment. */
  const sample = (t: number, values: Record<string, number>, storedAt = t) => {
    time.ms = storedAt;
    return surroundings.say(ROOM, 'samples', { t, names: Object.keys(values), values: Object.values(values) });
  };
  const rollup = (input: object) => run(rollupInput.parse({ room: ROOM, series: 'cpu', ...input }), surroundings.context);
  return { ...surroundings, sample, rollup };
}

test('sums up a series by step and over all', async () => {
  const { sample, rollup } = setup();
  for (let n = 0; n < 100; n++) await sample(1_000_000 + n * 100, { cpu: n + 1, mem: 7 });
  const { series, stepMs } = await rollup({ from: 1_000_000, to: 1_010_000, stepMs: 5_000 });
  expect(stepMs).toBe(5_000);
  expect(series).toHaveLength(1);
  expect(series[0]).toMatchObject({ series: 'cpu', count: 100, min: 1, max: 100, mean: 50.5, p50: 50.5, p99: 99.01 });
  expect(series[0]!.p90).toBeCloseTo(90.1, 10);
  expect(series[0]!.p95).toBeCloseTo(95.05, 10);
  expect(series[0]!.steps).toMatchObject([
    { t: 1_000_000, count: 50, min: 1, max: 50, mean: 25.5 },
    { t: 1_005_000, count: 50, min: 51, max: 100, mean: 75.5 },
  ]);
});

test('takes the values of the range by their own time, its end excluded, also those that came late', async () => {
  const { sample, rollup } = setup();
  await sample(999_999, { cpu: 1 });
  await sample(1_000_000, { cpu: 2 });
  await sample(1_999_999, { cpu: 3 });
  await sample(2_000_000, { cpu: 4 });
  await sample(1_500_000, { cpu: 5 }, 2_300_000);
  const { series } = await rollup({ from: 1_000_000, to: 2_000_000, stepMs: 1_000_000 });
  expect(series[0]).toMatchObject({ count: 3, min: 2, max: 5 });
});

test('chooses series by pattern, whatever their labels', async () => {
  const { sample, rollup } = setup();
  await sample(1_000_000, { 'cpu{core="0"}': 1, 'cpu{core="1"}': 2, cpus: 3, mem: 4 });
  const names = async (series: string | string[]) =>
    (await rollup({ series, from: 0, to: 2_000_000, stepMs: 1_000_000 })).series.map((one) => one.series);
  expect(await names('cpu')).toEqual(['cpu{core="0"}', 'cpu{core="1"}']);
  expect(await names('cpu{core="1"}')).toEqual(['cpu{core="1"}']);
  expect(await names(['mem', 'cpus'])).toEqual(['cpus', 'mem']);
  expect(await names('nothing')).toEqual([]);
});

test('other messages, and samples that are none, are passed over', async () => {
  const { say, sample, rollup } = setup();
  await say(ROOM, 'text', { text: 'hi' });
  await say(ROOM, 'samples', { t: 1, names: ['cpu'], values: ['x'] });
  await sample(1_000_000, { cpu: 1 });
  expect((await rollup({ from: 0, to: 2_000_000, stepMs: 1_000_000 })).series[0]).toMatchObject({ count: 1 });
});

test('a range of too many steps, series or rows is refused by name', async () => {
  const { sample, rollup } = setup();
  await expect(rollup({ from: 0, to: 100_000_000, stepMs: 1_000 })).rejects.toMatchObject({ code: 'invalid' });
  await sample(1_000_000, Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`cpu{n="${n}"}`, n])));
  await expect(rollup({ from: 0, to: 2_000_000, stepMs: 1_000_000 })).rejects.toMatchObject({ code: 'too_large' });
  await expect(rollup({ series: 'a{', from: 0, to: 1_000 })).rejects.toMatchObject({ code: 'invalid' });
  expect(rollupInput.safeParse({ room: ROOM, series: 'a', from: 2, to: 1 }).success).toBe(false);
});

test('by default it is the last hour in about sixty steps', async () => {
  const { rollup } = setup();
  const { from, to, stepMs } = await rollup({});
  expect({ rangeMs: to - from, stepMs }).toEqual({ rangeMs: 3_600_000, stepMs: 60_000 });
});

const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 });

test('percentiles are between the least and the largest value, rise, and do not depend on the order', () => {
  fc.assert(
    fc.property(values, (all) => {
      const { min, max, mean, p50, p90, p95, p99, count } = summarize(all);
      expect(count).toBe(all.length);
      expect(min).toBe(Math.min(...all));
      expect(max).toBe(Math.max(...all));
      for (const [low, high] of [
        [min, p50],
        [p50, p90],
        [p90, p95],
        [p95, p99],
        [p99, max],
      ])
        expect(low!).toBeLessThanOrEqual(high!);
      expect(Number.isFinite(mean)).toBe(true);
      expect(summarize([...all].reverse())).toEqual(summarize(all));
    }),
    { examples: [[[0, 0, 1.7976931348623137e308, 0, 1.797693134862314e308, 0]], [[-1.7e308, 1.7e308]]] },
  );
});

test('a quantile halves, and meets the values at the ranks', () => {
  const sorted = Float64Array.from([10, 20, 30, 40, 50]);
  expect([0, 0.25, 0.5, 0.75, 1].map((part) => quantile(sorted, part))).toEqual([10, 20, 30, 40, 50]);
  expect(quantile(Float64Array.from([1, 2]), 0.5)).toBe(1.5);
});
