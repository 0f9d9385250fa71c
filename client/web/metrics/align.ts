import { insertionPoint, type Points } from './series-buffer.js';

/**
 * Columns for a chart: times in seconds, then one column per series. `undefined`: the series has no value at a time of another one, and
 * its line goes on; `null`: it paused, and its line is broken.
 */
export type Columns = [times: number[], ...values: (number | null | undefined)[][]];

/** A pause longer than this many usual distances between values breaks the line. */
const PAUSE_FACTOR = 6;
/** But none shorter than this. */
const PAUSE_MS = 5000;

/** Lays series over one axis of time, from `from` to `to` in milliseconds; one value before `from` is kept, so that lines reach the edge. */
export function align(series: readonly Points[], from: number, to: number): Columns {
  const cut = series.map((points) => withPauses(between(points, from, to)));
  let times: number[] = [];
  for (const { t } of cut) times = union(times, t);
  const columns = cut.map(({ t, v }) => {
    let next = 0;
    return times.map((time) => (t[next] === time ? v[next++] : undefined));
  });
  return [times.map((time) => time / 1000), ...columns];
}

interface Broken {
  readonly t: readonly number[];
  readonly v: readonly (number | null)[];
}

function between({ t, v }: Points, from: number, to: number): Points {
  const start = Math.max(0, insertionPoint(t, from) - 1);
  const end = insertionPoint(t, to + 1);
  return { t: t.slice(start, end), v: v.slice(start, end) };
}

function withPauses({ t, v }: Points): Broken {
  if (t.length < 3) return { t, v };
  const distances = t.slice(1).map((time, i) => time - t[i]!);
  const usual = distances.toSorted((a, b) => a - b)[distances.length >> 1]!;
  const pause = Math.max(PAUSE_MS, usual * PAUSE_FACTOR);
  if (!distances.some((distance) => distance > pause)) return { t, v };
  const times: number[] = [];
  const values: (number | null)[] = [];
  t.forEach((time, i) => {
    if (i > 0 && distances[i - 1]! > pause) {
      times.push(t[i - 1]! + distances[i - 1]! / 2);
      values.push(null);
    }
    times.push(time);
    values.push(v[i]!);
  });
  return { t: times, v: values };
}

function union(a: readonly number[], b: readonly number[]): number[] {
  if (a.length === 0) return [...b];
  const merged: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const next = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY);
    merged.push(next);
    if (a[i] === next) i++;
    if (b[j] === next) j++;
  }
  return merged;
}
