import { z } from 'zod';
import { HubError } from '../../shared/errors.js';
import type { RangeAnswer } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import { AGGREGATES, COMBINES, RANGE_BOUNDS } from '../../shared/schemas.js';
import { compileSeriesPatterns } from '../../shared/series-pattern.js';
import type { RoomLog } from '../log/room-log.js';
import { type CellAggregate, eachStep, lookbackMs, quantile, stepValues } from './aggregate.js';
import { chooseGrid, type Grid } from './range-grid.js';
import { type RangeSource, type Rollups, readCells, readSamples } from './range-source.js';
import { addEarlierSample, bucketOf, type Cells } from './rollups/rollup-cell.js';
import { GroupTable, PlainTable, type SeriesTable, usualCombine } from './series-groups.js';

/** Quantiles of the samples of a step, from the samples themselves. */
const QUANTILES = { p50: 0.5, p75: 0.75, p90: 0.9, p95: 0.95, p99: 0.99 };
type Quantile = keyof typeof QUANTILES;
export type Aggregate = CellAggregate | Quantile;

/** Values of all series of one answer together, and buckets that are read for it. */
const MAX_VALUES = 400_000;
const MAX_BUCKETS = 4_000_000;
/** Samples that quantiles are computed from. */
const MAX_KEPT = 2_000_000;

const time = z.coerce.number().min(0).max(RANGE_BOUNDS.time);
const texts = (most: number) => z.union([z.string(), z.array(z.string()).max(most)]).transform((given) => [given].flat());

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** `90s`, `15m`, `6h`, `2d`: in milliseconds. */
const duration = z
  .string()
  .regex(/^[0-9]{1,6}[smhd]$/, 'a length of time is a whole number and s, m, h or d')
  .transform((text) => Number.parseInt(text, 10) * (UNIT_MS[text.slice(-1)] ?? 0));

/** The query string of a range: times in milliseconds since 1970, by default the last 15 minutes in about 300 steps. */
export const rangeQuerySchema = z
  .object({
    series: texts(RANGE_BOUNDS.patterns).default([]),
    from: time.optional(),
    to: time.optional(),
    /** In the place of `from`. */
    last: duration.optional(),
    stepMs: z.coerce.number().int().min(1).max(RANGE_BOUNDS.stepMs).optional(),
    aggregate: z.enum(AGGREGATES).default('avg'),
    /** Labels, also as one text with commas; an empty one: none, a group for each name. */
    by: texts(RANGE_BOUNDS.labels)
      .transform((given) => given.flatMap((text) => text.split(',')).filter(Boolean))
      .pipe(z.array(z.string().max(RANGE_BOUNDS.labelChars)).max(RANGE_BOUNDS.labels))
      .optional(),
    combine: z.enum(COMBINES).optional(),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, 'from is after to')
  .refine(({ from, last }) => from === undefined || last === undefined, 'either from or last');
export type RangeQuery = z.output<typeof rangeQuerySchema>;

export interface RangeOptions extends RangeQuery {
  readonly log: Pick<RoomLog, 'read'>;
  readonly room: RoomName;
  readonly now: number;
  /** Left out: everything is made from the log. */
  readonly rollups?: Rollups | undefined;
  /** Values of all series of the answer together. Default 400,000. */
  readonly valuesMax?: number;
}

const isQuantile = (aggregate: Aggregate): aggregate is Quantile => Object.hasOwn(QUANTILES, aggregate);

/**
 * Values of a metric room over time, one per series and step; of groups of series with `by`. Costly: callers keep the answers.
 * @throws HubError `too_large` for too many steps or values, `invalid` for a malformed pattern, else as the log and the roll-ups
 */
export async function queryRange(options: RangeOptions): Promise<RangeAnswer> {
  const { room, log, now, aggregate, rollups, by, combine, valuesMax = MAX_VALUES } = options;
  // Quantiles cannot be had from sums: they take the samples.
  const grid = chooseGrid(options, now, rollups && !isQuantile(aggregate) ? rollups.levels : []);
  const { from, to, stepMs, steps, level } = grid;
  const lookback = lookbackMs(aggregate, grid);
  const buckets = level ? (steps * stepMs + lookback) / level.stepMs : steps;
  if (level && buckets > MAX_BUCKETS)
    throw new HubError(
      'too_large',
      `the range has more than ${MAX_BUCKETS} steps of ${level.stepMs} ms, the coarsest that the past is kept in`,
    );
  const rowsMax = Math.max(1, Math.floor(valuesMax / steps));
  // Samples are gathered for all series before any is summed up; roll-ups one series after the other.
  const seriesMax = by && level ? Math.max(1, Math.floor(MAX_BUCKETS / buckets)) : rowsMax;
  const source: RangeSource = {
    log,
    room,
    from: Math.max(0, from - lookback),
    until: to + stepMs,
    matches: compileSeriesPatterns(options.series),
    seriesMax,
  };
  const newTable = (): SeriesTable => (by ? new GroupTable(by, combine ?? usualCombine(aggregate), rowsMax) : new PlainTable(rowsMax));
  const { rows, omitted } = await readRows({ source, aggregate, grid, rollups, newTable });
  const series = rows.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, values]) => ({ name, values }));
  return { room, from, to, stepMs, resolutionMs: level?.stepMs ?? 0, aggregate, series, omitted };
}

interface Reading {
  readonly source: RangeSource;
  readonly aggregate: Aggregate;
  readonly grid: Grid;
  readonly rollups: Rollups | undefined;
  newTable(): SeriesTable;
}

async function readRows({ source, aggregate, grid, rollups, newTable }: Reading) {
  let table = newTable();
  let left = 0;
  const add = (name: string, values: (number | null)[]) => {
    if (!table.add(name, values)) left++;
  };
  let unread: number;
  if (isQuantile(aggregate)) {
    unread = await readQuantiles(source, QUANTILES[aggregate], grid, add);
  } else {
    const take = (name: string, cells: Cells) => add(name, stepValues(cells, aggregate, grid));
    const collect = () => {
      table = newTable();
      left = 0;
      return take;
    };
    unread =
      rollups && grid.level
        ? await readCells({ ...source, rollups, level: grid.level }, collect)
        : await readSampleCells(source, grid, take);
  }
  return { rows: [...table.rows], omitted: unread + left };
}

async function readSampleCells(source: RangeSource, { from, stepMs }: Grid, take: (name: string, cells: Cells) => void): Promise<number> {
  const bySeries = new Map<string, Cells>();
  const unread = await readSamples(source, (name, value, t) => {
    const cells = bySeries.get(name) ?? new Map();
    bySeries.set(name, cells);
    // Of what was before the first step only the last counts: a cell for each short step of it could be millions.
    addEarlierSample(cells, Math.max(bucketOf(t, stepMs), from - stepMs), value, t);
  });
  for (const [name, cells] of bySeries) take(name, cells);
  return unread;
}

async function readQuantiles(
  source: RangeSource,
  q: number,
  grid: Grid,
  add: (name: string, values: (number | null)[]) => void,
): Promise<number> {
  const samples = new Map<string, Map<number, number[]>>();
  let kept = 0;
  const unread = await readSamples(source, (name, value, t) => {
    if (++kept > MAX_KEPT) throw new HubError('too_large', `the range has more than ${MAX_KEPT} samples`);
    const steps = samples.get(name) ?? new Map<number, number[]>();
    samples.set(name, steps);
    const step = bucketOf(t, grid.stepMs);
    const known = steps.get(step);
    if (known) known.push(value);
    else steps.set(step, [value]);
  });
  for (const [name, steps] of samples) {
    const values = eachStep(grid, (start) => {
      const step = steps.get(start);
      return step ? quantile(step, q) : null;
    });
    add(name, values);
  }
  return unread;
}
