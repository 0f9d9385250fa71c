import { z } from 'zod';
import { HubError } from '../../shared/errors.js';
import type { RoomName } from '../../shared/rooms.js';
import { compileSeriesPatterns } from '../../shared/series-pattern.js';
import type { RoomLog } from '../log/room-log.js';
import { samplesBackwards } from './log-samples.js';
import { eachSample } from './sample-columns.js';

export const AGGREGATES = ['avg', 'min', 'max', 'last', 'sum', 'count'] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** Steps of one answer, and values of all its series together. */
const MAX_STEPS = 11_000;
const MAX_CELLS = 400_000;
/** Values read for one answer. */
const MAX_VALUES = 20_000_000;
const DEFAULT_RANGE_MS = 15 * 60_000;
const DEFAULT_STEPS = 300;

const time = z.coerce.number().min(0).max(8.64e15);

/** The query string of a range: times in milliseconds since 1970, by default the last 15 minutes in about 300 steps. */
export const rangeQuerySchema = z
  .object({
    series: z
      .union([z.string(), z.array(z.string()).max(20)])
      .transform((given) => [given].flat())
      .default([]),
    from: time.optional(),
    to: time.optional(),
    stepMs: z.coerce
      .number()
      .int()
      .min(1)
      .max(366 * 86_400_000)
      .optional(),
    aggregate: z.enum(AGGREGATES).default('avg'),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, 'from is after to');
export type RangeQuery = z.output<typeof rangeQuerySchema>;

export interface MetricRange {
  room: RoomName;
  /** The first and the last step's start, multiples of `stepMs`. */
  from: number;
  to: number;
  stepMs: number;
  aggregate: Aggregate;
  /** By name; `values[i]` is of the step that starts at `from + i * stepMs`, null where the series had no sample. */
  series: { name: string; values: (number | null)[] }[];
  /** Series that match and are left out, because the answer would have more values than it may. */
  omitted: number;
}

/** What one step of one series has had. */
interface Cell {
  count: number;
  sum: number;
  min: number;
  max: number;
  lastT: number;
  last: number;
}

const AGGREGATE: Record<Aggregate, (cell: Cell) => number> = {
  avg: ({ sum, count }) => sum / count,
  min: ({ min }) => min,
  max: ({ max }) => max,
  last: ({ last }) => last,
  sum: ({ sum }) => sum,
  count: ({ count }) => count,
};

export interface RangeOptions extends RangeQuery {
  readonly log: Pick<RoomLog, 'read'>;
  readonly room: RoomName;
  readonly now: number;
  /** Milliseconds by which a sample's time may be later than the time it was stored at. */
  readonly aheadMs?: number;
}

/** A range made whole: bounds on steps of the grid, and how many steps it has. */
export function alignRange({ from, to, stepMs }: Pick<RangeQuery, 'from' | 'to' | 'stepMs'>, now: number) {
  const end = to ?? now;
  const start = from ?? end - DEFAULT_RANGE_MS;
  if (start > end) throw new HubError('invalid', 'from is after to');
  const step = stepMs ?? Math.max(1_000, Math.ceil((end - start) / DEFAULT_STEPS / 1_000) * 1_000);
  const first = Math.floor(start / step) * step;
  const last = Math.floor(end / step) * step;
  const steps = (last - first) / step + 1;
  if (steps > MAX_STEPS) throw new HubError('too_large', `the range has ${steps} steps of ${step} ms; at most ${MAX_STEPS}`);
  return { from: first, to: last, stepMs: step, steps };
}

/**
 * Values of a metric room over time, from its log, one per series and step. Costly (it reads the log from its end back to `from`):
 * callers keep the answers.
 * @throws HubError `too_large` for too many steps or values, `invalid` for a malformed pattern, else as `RoomLog.read`
 */
export async function queryRange(options: RangeOptions): Promise<MetricRange> {
  const { log, room, now, aggregate, aheadMs = 60_000 } = options;
  const { from, to, stepMs, steps } = alignRange(options, now);
  const matches = compileSeriesPatterns(options.series);
  const seriesMax = Math.max(1, Math.floor(MAX_CELLS / steps));
  const series = new Map<string, (Cell | undefined)[]>();
  const others = new Map<string, 'omitted' | 'unwanted'>();
  const take = (name: string, value: number, t: number) => {
    if (t < from || t >= to + stepMs || others.has(name)) return;
    let cells = series.get(name);
    if (!cells) {
      if (!matches(name) || series.size >= seriesMax) {
        others.set(name, matches(name) ? 'omitted' : 'unwanted');
        return;
      }
      cells = new Array(steps);
      series.set(name, cells);
    }
    const step = Math.floor((t - from) / stepMs);
    cells[step] = addTo(cells[step], value, t);
  };
  for await (const page of samplesBackwards({ log, room, since: from - aheadMs, maxValues: MAX_VALUES })) {
    for (const columns of page) eachSample(columns, take);
  }
  const rows = [...series].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    room,
    from,
    to,
    stepMs,
    aggregate,
    series: rows.map(([name, cells]) => ({ name, values: Array.from(cells, (cell) => (cell ? AGGREGATE[aggregate](cell) : null)) })),
    omitted: [...others.values()].filter((why) => why === 'omitted').length,
  };
}

function addTo(cell: Cell | undefined, value: number, t: number): Cell {
  if (!cell) return { count: 1, sum: value, min: value, max: value, lastT: t, last: value };
  cell.count++;
  cell.sum += value;
  cell.min = Math.min(cell.min, value);
  cell.max = Math.max(cell.max, value);
  // Read from the newest back: of two values of one moment the first one read was stored last.
  if (t > cell.lastT) {
    cell.lastT = t;
    cell.last = value;
  }
  return cell;
}
