import { align, between, type Column, type Columns, thin } from './align.js';
import type { Combination } from './dashboard.js';
import type { Line, Panel, Source } from './panels.js';
import { insertionPoint, type Points } from './series-buffer.js';
import type { TimeRange } from './time-view.js';

/** Gives what is known of a series, over the range and one value before it. */
export type PointsOf = (name: string, range: TimeRange) => Points;

/** Counters need one value more than lines: the first rise is known with the second value. */
const LEAD = 3;

/** What a panel draws over a range, one column per line; each series has a value per `tickMs` at most. */
export function columnsOf(panel: Panel, pointsOf: PointsOf, range: TimeRange, tickMs: number): Columns {
  const drawn = (source: Source) => between(pointsOfSource(source, pointsOf, range, tickMs), range.from, range.to);
  const [times, ...columns] = align(panel.lines.flatMap(({ sources }) => sources.map(drawn)));
  let next = 0;
  const lines = panel.lines.map((line) => {
    const own = columns.slice(next, next + line.sources.length);
    next += line.sources.length;
    return lineOf(line, own, panel.combine);
  });
  return [times, ...(panel.cumulative ? perBucket(lines) : lines)];
}

function pointsOfSource({ name, rate, of }: Source, pointsOf: PointsOf, { from, to }: TimeRange, tickMs: number): Points {
  const wider = { from: from - LEAD * tickMs, to };
  const known = pointsOf(name, wider);
  const values = thin(rate ? rises(lastOfTicks(known, tickMs)) : known, tickMs);
  return of === undefined ? values : shares(values, pointsOf(of, wider));
}

/** The last value within each multiple of `tickMs`, at its own time. */
function lastOfTicks({ t, v }: Points, tickMs: number): Points {
  const last = t.flatMap((time, i) => (i === t.length - 1 || Math.floor(t[i + 1]! / tickMs) > Math.floor(time / tickMs) ? [i] : []));
  return last.length === t.length ? { t, v } : { t: last.map((i) => t[i]!), v: last.map((i) => v[i]!) };
}

/** What a counter rises by in a second, between its values; one that fell has started anew. */
export function rises({ t, v }: Points): Points {
  const times: number[] = [];
  const values: number[] = [];
  for (let i = 1; i < t.length; i++) {
    const risen = v[i]! >= v[i - 1]! ? v[i]! - v[i - 1]! : v[i]!;
    times.push(t[i]!);
    values.push((risen * 1000) / (t[i]! - t[i - 1]!));
  }
  return { t: times, v: values };
}

/** Values divided by those of another series, each by the last one that was known then. */
function shares({ t, v }: Points, whole: Points): Points {
  const times: number[] = [];
  const values: number[] = [];
  t.forEach((time, i) => {
    const at = Math.max(0, insertionPoint(whole.t, time + 1) - 1);
    const by = whole.v[at];
    if (by === undefined || by === 0) return;
    times.push(time);
    values.push(v[i]! / by);
  });
  return { t: times, v: values };
}

function lineOf({ rest }: Line, columns: readonly Column[], combine: Combination): Column {
  const column = columns.length === 1 ? columns[0]! : combined(columns, combine);
  return rest ? column.map((value) => (typeof value === 'number' ? 1 - value : value)) : column;
}

const COMBINE: Readonly<Record<Combination, (values: readonly number[]) => number>> = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  avg: (values) => COMBINE.sum(values) / values.length,
  max: (values) => Math.max(...values),
};

/** One column from several; a series without a value at a time counts with its last one. */
function combined(columns: readonly Column[], combine: Combination): Column {
  const last: (number | null | undefined)[] = columns.map(() => undefined);
  return (columns[0] ?? []).map((_, at) => {
    columns.forEach((column, i) => {
      if (column[at] !== undefined) last[i] = column[at];
    });
    const values = last.filter((value) => typeof value === 'number');
    return values.length > 0 ? COMBINE[combine](values) : null;
  });
}

/** Buckets without those below them. */
function perBucket(lines: readonly Column[]): Column[] {
  return lines.map((line, i) =>
    line.map((value, at) => {
      const below = i > 0 ? lines[i - 1]![at] : 0;
      return typeof value === 'number' && typeof below === 'number' ? Math.max(0, value - below) : value;
    }),
  );
}
