/** A series over time, oldest first. */
export interface Points {
  readonly t: readonly number[];
  readonly values: readonly number[];
}

/**
 * Which points to draw of a series that has more than fit: first and last, and of each of equally many points between them the lowest
 * and the highest, so that no spike is lost. At most `limit` indices (at least 2), ascending.
 */
export function downsample({ values }: Points, limit: number): number[] {
  const all = values.length;
  const most = Math.max(limit, 2);
  if (all <= most) return values.map((_, i) => i);
  const kept = new Set([0, all - 1]);
  const buckets = Math.floor((most - 2) / 2);
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = 1 + Math.floor((bucket * (all - 2)) / buckets);
    const to = 1 + Math.floor(((bucket + 1) * (all - 2)) / buckets);
    let low = from;
    let high = from;
    for (let i = from; i < to; i++) {
      if (at(values, i) < at(values, low)) low = i;
      if (at(values, i) > at(values, high)) high = i;
    }
    kept.add(low).add(high);
  }
  return [...kept].sort((a, b) => a - b);
}

const at = (values: readonly number[], i: number): number => values[i] ?? Number.NaN;
