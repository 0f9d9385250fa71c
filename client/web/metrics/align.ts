import { insertionPoint, type Points } from './series-buffer.js';

/**
 * Columns for a chart: times in seconds, then one column per series. `undefined`: the series has no value at a time of another one, and
 * its line goes on; `null`: it paused, and its line is broken.
 */
export type Column = (number | null | undefined)[];
export type Columns = [times: number[], ...values: Column[]];

/** A pause longer than this many usual distances between values breaks the line. */
const PAUSE_FACTOR = 6;
/** But none shorter than this. */
const PAUSE_MS = 5000;
/** Nor one that is no longer than so many times what lies around it: values of long ago come from buckets, farther apart than those of now. */
const AROUND_FACTOR = 2;
/** Distances to each side that are around. */
const AROUND = 2;
/** Distances that tell the usual one. */
const DISTANCES = 63;

/** Lays series over one axis of time, in milliseconds. */
export function align(series: readonly Points[]): Columns {
  const cut = series.map(withPauses);
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

/** What lies from `from` to `to`; one value before `from` is kept, so that lines reach the edge. */
export function between({ t, v }: Points, from: number, to: number): Points {
  const start = Math.max(0, insertionPoint(t, from) - 1);
  const end = insertionPoint(t, to + 1);
  return start === 0 && end === t.length ? { t, v } : { t: t.slice(start, end), v: v.slice(start, end) };
}

/**
 * One value for each multiple of `tickMs` at most, so that what is drawn does not grow with what there is: the value that differs most
 * from the one before, so that no spike is lost; in the last tick the newest, which legends and numbers tell. Times are moved to their tick,
 * which series then share.
 */
export function thin({ t, v }: Points, tickMs: number): Points {
  if (tickMs <= 1) return { t, v };
  const times: number[] = [];
  const values: number[] = [];
  for (let i = 0; i < t.length; i++) {
    const tick = Math.floor(t[i]! / tickMs) * tickMs;
    const last = times.length - 1;
    const before = values[last - 1] ?? values[last]!;
    if (times[last] !== tick) {
      times.push(tick);
      values.push(v[i]!);
    } else if (Math.abs(v[i]! - before) >= Math.abs(values[last]! - before)) values[last] = v[i]!;
  }
  if (values.length > 0) values[values.length - 1] = v.at(-1)!;
  return { t: times, v: values };
}

function withPauses({ t, v }: Points): Broken {
  if (t.length < 3) return { t, v };
  const pause = Math.max(PAUSE_MS, usualDistance(t) * PAUSE_FACTOR);
  const times: number[] = [];
  const values: (number | null)[] = [];
  for (let i = 0; i < t.length; i++) {
    const distance = i > 0 ? t[i]! - t[i - 1]! : 0;
    if (distance > pause && distance > AROUND_FACTOR * longestAround(t, i)) {
      times.push(t[i - 1]! + distance / 2);
      values.push(null);
    }
    times.push(t[i]!);
    values.push(v[i]!);
  }
  return times.length === t.length ? { t, v } : { t: times, v: values };
}

/** Of the distances around the one in front of a value. */
function longestAround(t: readonly number[], at: number): number {
  let longest = 0;
  for (let i = Math.max(1, at - AROUND); i <= Math.min(t.length - 1, at + AROUND); i++) {
    if (i !== at) longest = Math.max(longest, t[i]! - t[i - 1]!);
  }
  return longest;
}

/** The median of distances taken evenly from all of them: what comes in bursts is told from what pauses. */
function usualDistance(t: readonly number[]): number {
  const step = Math.max(1, Math.floor((t.length - 1) / DISTANCES));
  const distances: number[] = [];
  for (let i = 1; i < t.length; i += step) distances.push(t[i]! - t[i - 1]!);
  return distances.sort((a, b) => a - b)[distances.length >> 1]!;
}

function union(a: readonly number[], b: readonly number[]): number[] {
  if (a.length === 0) return [...b];
  if (a.length === b.length && a.every((time, i) => time === b[i])) return a as number[];
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
