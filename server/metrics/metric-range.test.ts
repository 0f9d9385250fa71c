import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SampleColumns } from '../../shared/protocol.js';
import { AGGREGATES } from '../../shared/schemas.js';
import { compileSeriesPatterns, matchesGlob } from '../../shared/series-pattern.js';
import type { LogEntry, LogPage, LogRange } from '../log/room-log.js';
import { exposition, latestSamples } from './exposition.js';
import { queryRange, rangeQuerySchema } from './metric-range.js';

const ROOM = 'metrics:a';

/** A log that holds these columns, each stored `delayMs` after its time, and reads in pages of three. */
function logOf(rows: SampleColumns[], delayMs = 10) {
  const from = { id: 'hub', name: 'hub' };
  const entries = rows.map((data, i): LogEntry => {
    const seq = i + 1;
    return {
      epoch: 'e',
      seq,
      bytes: 100,
      message: { room: ROOM, position: `e:${seq}`, id: `m${seq}`, type: 'samples', from, time: data.t + delayMs, data },
    };
  });
  const read = async (_room: string, { before = Number.POSITIVE_INFINITY, limit }: LogRange): Promise<LogPage> => {
    const below = entries.filter(({ seq }) => seq < before);
    return { epoch: 'e', first: 1, last: entries.length, entries: below.slice(-Math.min(limit, 3)) };
  };
  return { read };
}

const query = (given: Record<string, unknown>) => rangeQuerySchema.parse(given);
const ask = (rows: SampleColumns[], given: Record<string, unknown>) =>
  queryRange({ ...query(given), log: logOf(rows), room: ROOM, now: 100_000 });

test('each step has the aggregate of its samples, and null where there are none', async () => {
  const rows = [1_000, 1_500, 2_000, 4_100].map((t, i): SampleColumns => ({ t, names: ['cpu', 'mem'], values: [i + 1, 10] }));
  const asked = (aggregate: string) => ask(rows, { series: 'cpu', from: '1000', to: '4999', stepMs: '1000', aggregate });
  expect(await asked('avg')).toEqual({
    room: ROOM,
    from: 1_000,
    to: 4_000,
    stepMs: 1_000,
    resolutionMs: 0,
    aggregate: 'avg',
    series: [{ name: 'cpu', values: [1.5, 3, null, 4] }],
    omitted: 0,
  });
  const values = await Promise.all(AGGREGATES.map(async (aggregate) => [aggregate, (await asked(aggregate)).series[0]?.values] as const));
  expect(Object.fromEntries(values)).toMatchObject({
    min: [1, 3, null, 4],
    max: [2, 3, null, 4],
    last: [2, 3, null, 4],
    sum: [3, 3, null, 4],
    count: [2, 1, null, 1],
  });
});

test('samples that came late are counted at their own time', async () => {
  const late: SampleColumns = { t: 9_000, names: ['a', 'b'], values: [1, 2], ago: [0, 500] };
  const { series } = await ask([{ t: 30_000, names: ['a'], values: [5] }, late], {
    from: 8_000,
    to: 9_999,
    stepMs: 500,
    aggregate: 'last',
  });
  expect(series).toEqual([
    { name: 'a', values: [null, null, 1, null] },
    { name: 'b', values: [null, 2, null, null] },
  ]);
});

test('without times it is the last quarter of an hour', async () => {
  const answer = await ask([{ t: 99_000, names: ['a'], values: [1] }], {});
  expect([answer.to, answer.to - answer.from]).toEqual([99_000, 900_000]);
});

test('too many steps, too many values, and malformed patterns are refused; too many series are left out and counted', async () => {
  await expect(ask([], { from: 0, to: 1e9, stepMs: 1 })).rejects.toMatchObject({ code: 'too_large' });
  await expect(ask([], { series: 'a{b=' })).rejects.toMatchObject({ code: 'invalid' });
  await expect(ask([], { series: '*'.repeat(20) })).rejects.toMatchObject({ code: 'invalid' });
  const names = [...Array(100).keys()].map((i) => `s${i}`);
  const wide = await ask([{ t: 90_000, names, values: names.map(() => 1) }], { from: 0, to: 90_000, stepMs: 10 });
  expect([wide.series.length, wide.omitted]).toEqual([44, 56]);
  for (const bad of [{ from: 'x' }, { from: 5, to: 4 }, { stepMs: 0 }, { aggregate: 'median' }, { from: '1e99' }]) {
    expect(rangeQuerySchema.safeParse(bad).success).toBe(false);
  }
});

test('patterns choose by name and labels', () => {
  const chosen = (...patterns: string[]) =>
    ['cpu', 'cpu{core="0",host="a"}', 'cpu{core="1",host="b"}', 'cpus', 'x{'].filter(compileSeriesPatterns(patterns));
  expect(chosen()).toHaveLength(5);
  expect(chosen('cpu')).toEqual(['cpu', 'cpu{core="0",host="a"}', 'cpu{core="1",host="b"}']);
  expect(chosen('cpu{host="b"}', 'cpu*s')).toEqual(['cpu{core="1",host="b"}', 'cpus']);
  expect(chosen('*{core="*"}')).toHaveLength(2);
});

test('a star stands for any characters', () => {
  const part = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
  fc.assert(
    fc.property(part, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 }), (pattern, text) => {
      const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text);
      expect(matchesGlob(pattern, text)).toBe(expected);
    }),
  );
});

test('a room stands in the exposition format with its latest values', async () => {
  const now = 1_000_000;
  const rows: SampleColumns[] = [
    { t: now - 400_000, names: ['old'], values: [1] },
    { t: now - 2_000, names: ['cpu{core="0"}', 'disk.free'], values: [1, 3] },
    { t: now - 1_000, names: ['cpu{core="0"}', '0 mem{a-b="say \\"hi\\"\\n"}'], values: [2, 1e21] },
  ];
  const points = await latestSamples({ log: logOf(rows), room: ROOM, now });
  expect(exposition(points)).toBe(
    [
      '# TYPE _0_mem untyped',
      '_0_mem{a_b="say \\"hi\\"\\n"} 1e+21 999000',
      '# TYPE cpu untyped',
      'cpu{core="0"} 2 999000',
      '# TYPE disk_free untyped',
      'disk_free 3 998000',
      '',
    ].join('\n'),
  );
});

test('OpenMetrics has its own words, its time in seconds, and an end', () => {
  const points = [{ series: 'cpu{core="0"}', value: 2, t: 999_250 }];
  expect(exposition(points, 'openmetrics')).toBe('# TYPE cpu unknown\ncpu{core="0"} 2 999.25\n# EOF\n');
});

test('groups, quantiles and rates are asked for by name; labels come as one text or as several', () => {
  expect(query({ by: 'host,core' }).by).toEqual(['host', 'core']);
  expect(query({ by: ['host', 'core'] }).by).toEqual(['host', 'core']);
  expect(query({ by: '' }).by).toEqual([]);
  expect(query({}).by).toBeUndefined();
  for (const bad of [{ by: Array(11).fill('x') }, { by: 'x,'.repeat(11) }, { combine: 'p99' }, { aggregate: 'p42' }]) {
    expect(rangeQuerySchema.safeParse(bad).success).toBe(false);
  }
});

test('a length of time stands for the beginning', async () => {
  const rows: SampleColumns[] = [{ t: 99_000, names: ['a'], values: [1] }];
  const { from, to } = await ask(rows, { last: '1m', stepMs: 1_000 });
  expect([from, to]).toEqual([40_000, 100_000]);
  expect(['90s', '15m', '6h', '2d'].map((last) => query({ last }).last)).toEqual([90_000, 900_000, 21_600_000, 172_800_000]);
  for (const bad of [{ last: '1' }, { last: '-1h' }, { last: '1.5h' }, { last: '1h', from: 0 }]) {
    expect(rangeQuerySchema.safeParse(bad).success).toBe(false);
  }
});

test('a group is summed up by step, and named by the labels that its series have in common', async () => {
  const names = ['cpu{core="0",host="a"}', 'cpu{core="1",host="a"}', 'cpu{core="0",host="b"}'];
  const rows = [1_000, 2_000].map((t): SampleColumns => ({ t, names, values: [1, 2, t / 1_000] }));
  const { series } = await ask(rows, { from: 1_000, to: 2_000, stepMs: 1_000, aggregate: 'max', by: 'host', combine: 'sum' });
  expect(series).toEqual([
    { name: 'cpu{host="a"}', values: [3, 3] },
    { name: 'cpu{host="b"}', values: [1, 2] },
  ]);
});

test('a rate rises from the last sample before its first step, in whatever order the earlier ones were stored', async () => {
  const rows = [40_000, 59_000, 20_000, 60_500, 50_000].map((t): SampleColumns => ({ t, names: ['c'], values: [t / 100] }));
  const { series } = await ask(rows, { from: '60000', to: '60000', stepMs: '1000', aggregate: 'rate' });
  expect(series).toEqual([{ name: 'c', values: [10] }]);
});
