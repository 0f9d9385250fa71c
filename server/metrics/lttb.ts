import type { Points } from './downsample.js';

/**
 * Which points to draw of a series that has more than fit, so that the line keeps its form: first and last, and of each of equally many points between
 * them the one that makes the largest triangle with the point chosen before it and the mean of the bucket after it (largest triangle three buckets;
 * Steinarsson, "Downsampling Time Series for Visual Representation", 2013, section 4.2). At most `limit` indices (at least 2), ascending.
 */
export function lttb(points: Points, limit: number): number[] {
  const all = points.values.length;
  const most = Math.max(limit, 2);
  if (all <= most) return points.values.map((_, i) => i);
  const kept = [0];
  const buckets = most - 2;
  const startOf = (bucket: number) => 1 + Math.floor((bucket * (all - 2)) / buckets);
  for (let bucket = 0; bucket < buckets; bucket++) {
    const end = startOf(bucket + 1);
    const next = meanOf(points, end, bucket + 1 < buckets ? startOf(bucket + 2) : all);
    kept.push(largest(points, startOf(bucket), end, kept.at(-1) ?? 0, next));
  }
  kept.push(all - 1);
  return kept;
}

interface Point {
  readonly t: number;
  readonly value: number;
}

const pointAt = ({ t, values }: Points, i: number): Point => ({ t: t[i] ?? 0, value: values[i] ?? 0 });

function meanOf(points: Points, from: number, to: number): Point {
  const sum = { t: 0, value: 0 };
  for (let i = from; i < to; i++) {
    const { t, value } = pointAt(points, i);
    sum.t += t;
    sum.value += value;
  }
  return { t: sum.t / (to - from), value: sum.value / (to - from) };
}

/** The index whose point makes the largest triangle with the two. */
function largest(points: Points, from: number, to: number, before: number, next: Point): number {
  const a = pointAt(points, before);
  let chosen = from;
  let area = -1;
  for (let i = from; i < to; i++) {
    const { t, value } = pointAt(points, i);
    const twice = Math.abs((a.t - next.t) * (value - a.value) - (a.t - t) * (next.value - a.value));
    if (twice > area) {
      area = twice;
      chosen = i;
    }
  }
  return chosen;
}
