import type { z } from 'zod';
import { HubError } from '../../../shared/errors.js';
import type { RoomName } from '../../../shared/rooms.js';
import { compileSeriesPatterns } from '../../../shared/series-pattern.js';
import { columnsOf, eachSample } from '../../metrics/sample-columns.js';
import type { JobContext } from '../handler.js';
import type { rollupInput } from './inputs.js';
import { type Summary, summarize } from './percentiles.js';

const MINUTE_MS = 60_000;

export interface RollupSeries extends Summary {
  series: string;
  /** One row per step that has values; `t` is the step's beginning. */
  steps: ({ t: number } & Summary)[];
}

export interface RollupResult {
  from: number;
  to: number;
  stepMs: number;
  series: RollupSeries[];
}

/** Values held at most, some 100 MB. */
const VALUES_MAX = 5_000_000;
/** Rows of a result: more would not fit into a job's state. */
const ROWS_MAX = 1_000;
const SERIES_MAX = 50;
const REMEMBERED_MAX = 100_000;
const ROWS_BY_DEFAULT = 60;
/** Values may be stored this long after their own time, or be ahead of it by a clock that is wrong. */
const LATE_MS = 10 * MINUTE_MS;
const EARLY_MS = MINUTE_MS;

type Buckets = Map<string, Map<number, number[]>>;

/** Sums up the values of a metric room's series over a range: count, least, largest, mean and percentiles, by step and over all. */
export async function run(input: z.output<typeof rollupInput>, context: JobContext): Promise<RollupResult> {
  const to = input.to ?? Date.now();
  const from = input.from ?? to - 60 * MINUTE_MS;
  const stepMs = input.stepMs ?? niceStep((to - from) / ROWS_BY_DEFAULT);
  if ((to - from) / stepMs > ROWS_MAX) throw new HubError('invalid', `the range has more than ${ROWS_MAX} steps: take longer ones`);
  const buckets = await collect(input, { from, to, stepMs }, context);
  const rows = [...buckets.values()].reduce((count, steps) => count + steps.size, 0);
  if (rows > ROWS_MAX) throw new HubError('too_large', `the result has more than ${ROWS_MAX} rows: choose fewer series or longer steps`);
  return { from, to, stepMs, series: [...buckets].sort(([a], [b]) => (a < b ? -1 : 1)).map(([series, steps]) => summed(series, steps)) };
}

async function collect(
  { room, series }: z.output<typeof rollupInput>,
  { from, to, stepMs }: Omit<RollupResult, 'series'>,
  { rooms, progress, signal }: JobContext,
): Promise<Buckets> {
  const name = room as RoomName;
  const chosen = remember(compileSeriesPatterns([series].flat()));
  const first = await rooms.seqAt(name, from - EARLY_MS);
  const end = await rooms.seqAt(name, to + LATE_MS);
  const buckets: Buckets = new Map();
  let values = 0;
  for await (const page of rooms.pages(name, { after: first - 1, before: end })) {
    signal.throwIfAborted();
    for (const { message } of page) {
      const columns = columnsOf(message);
      if (!columns) continue;
      eachSample(columns, (series, value, t) => {
        if (t < from || t >= to || !chosen(series)) return;
        bucketOf(buckets, series, from + Math.floor((t - from) / stepMs) * stepMs).push(value);
        values++;
      });
    }
    if (values > VALUES_MAX) throw new HubError('too_large', `the range has more than ${VALUES_MAX} values`);
    progress(Math.min(1, (page.at(-1)!.seq - first + 1) / Math.max(1, end - first)), { note: `${values} values` });
  }
  return buckets;
}

/** Matching a pattern costs more than a look: a room has few series and very many values. */
function remember(matches: (series: string) => boolean): (series: string) => boolean {
  const known = new Map<string, boolean>();
  return (series) => {
    const match = known.get(series) ?? matches(series);
    if (known.size < REMEMBERED_MAX) known.set(series, match);
    return match;
  };
}

/** Where a value of a series belongs that lies in the step that begins at `t`. */
function bucketOf(buckets: Buckets, series: string, t: number): number[] {
  const steps = buckets.get(series) ?? new Map<number, number[]>();
  const values = steps.get(t) ?? [];
  if (values.length > 0) return values;
  buckets.set(series, steps.set(t, values));
  if (buckets.size > SERIES_MAX) throw new HubError('too_large', `the patterns choose more than ${SERIES_MAX} series`);
  return values;
}

function summed(series: string, steps: ReadonlyMap<number, number[]>): RollupSeries {
  const rows = [...steps].sort(([a], [b]) => a - b).map(([t, values]) => ({ t, ...summarize(values) }));
  return { series, ...summarize([...steps.values()].flat()), steps: rows };
}

const STEPS_MS = [1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400].map((seconds) => seconds * 1_000);

/** The least round step that is not shorter. */
function niceStep(ms: number): number {
  return STEPS_MS.find((step) => step >= ms) ?? Math.ceil(ms / 86_400_000) * 86_400_000;
}
