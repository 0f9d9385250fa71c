import { expect, test } from '@jest/globals';
import { HubError } from '../../../shared/errors.js';
import type { Hub, NamedFrame } from '../../sdk/roomcast.js';
import type { HttpApi, RangeQuery } from '../http-api.js';
import { joinMetricRoom } from './metric-feed.js';

const NOW = 10_000_000;
const MINUTE = 60_000;

/** A room that the test speaks for, and a hub that answers with one value per minute of its past. */
function join() {
  const listeners: Record<string, (event: never) => void> = {};
  const latest = new Map<string, { t: number; value: number }>();
  const source = {
    latest,
    ready: Promise.resolve(),
    leave() {},
    on: (event: string, listener: (event: never) => void) => (listeners[event] = listener),
  };
  const asked: RangeQuery[] = [];
  const http = {
    metricRange: async (_: string, query: RangeQuery) => {
      asked.push(query);
      if (query.series.includes('refused')) throw new HubError('too_large', 'too much');
      const values = [1, null, 3, 4];
      return { from: query.from, stepMs: MINUTE, series: query.series.map((name) => ({ name, values })) };
    },
  };
  const feed = joinMetricRoom({ metrics: () => source } as unknown as Hub, http as unknown as HttpApi, 'metrics:a');
  const tell = (event: 'snapshot' | 'frame', given: unknown) => listeners[event]!(given as never);
  const frame = (t: number, value: number): NamedFrame => ({ t, names: ['cpu'], values: [value] });
  tell('snapshot', { names: ['cpu'], backfill: [frame(NOW - MINUTE, 10), frame(NOW, 11)] });
  return { feed, asked, tell, frame };
}

const CPU = [{ series: 'cpu', counter: false }];

test('the past stands before the live values, averages in the middle of their steps', async () => {
  const { feed, asked, frame, tell } = join();
  const range = { from: NOW - 5 * MINUTE, to: NOW };
  expect([feed.reaches({ from: NOW - MINUTE, to: NOW }, CPU), feed.reaches(range, CPU)]).toEqual([true, false]);
  await feed.load(range, CPU);
  tell('frame', frame(NOW + 1000, 12));
  expect(asked).toMatchObject([{ ...range, series: ['cpu'], aggregate: 'avg', stepMs: 1000 }]);
  const t = [...[4.5, 2.5, 1].map((ago) => NOW - ago * MINUTE), NOW, NOW + 1000];
  expect(feed.points('cpu', { from: range.from, to: NOW + 1000 })).toEqual({ t, v: [1, 3, 10, 11, 12] });
  expect(feed.reaches(range, CPU)).toBe(true);
  expect(feed.reaches(range, [{ series: 'other', counter: false }])).toBe(false);
});

test('counters are asked for by their last values, and no request has more patterns than the hub takes', async () => {
  const { feed, asked } = join();
  const gauges = Array.from({ length: 25 }, (_, i) => ({ series: `g${i}`, counter: false }));
  await feed.load({ from: NOW - 5 * MINUTE, to: NOW }, [...gauges, ...CPU, ...CPU, { series: 'c_total', counter: true }]);
  expect(asked.map(({ series, aggregate }) => [series.length, aggregate])).toEqual([
    [1, 'last'],
    [20, 'avg'],
    [6, 'avg'],
  ]);
});

test('a snapshot after a pause takes the place of what was known, the past included', async () => {
  const { feed, tell, frame } = join();
  const range = { from: NOW - 5 * MINUTE, to: NOW };
  await feed.load(range, CPU);
  tell('snapshot', { names: ['cpu'], backfill: [frame(NOW + 10 * MINUTE, 20)] });
  expect(feed.reaches(range, CPU)).toBe(false);
  expect(feed.points('cpu', { from: 0, to: NOW * 2 })).toEqual({ t: [NOW + 10 * MINUTE], v: [20] });
});

test('a past that the hub refuses is told, and what is live stays', async () => {
  const { feed } = join();
  await expect(feed.load({ from: 0, to: NOW }, [{ series: 'refused', counter: false }])).rejects.toMatchObject({ code: 'too_large' });
  expect(feed.points('cpu', { from: 0, to: NOW }).v).toEqual([10, 11]);
});
