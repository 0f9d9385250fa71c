import { parseSeries } from '../../../shared/series-name.js';

/** A series that has been silent for this long, beside the newest, is of an instance that is gone. */
const GONE_MS = 5000;

/** Each metric over its series (one per instance): their sum and the largest of them. */
export function sumsOf(latest: ReadonlyMap<string, { t: number; value: number }>): ReadonlyMap<string, { sum: number; max: number }> {
  const newest = Math.max(...[...latest.values()].map(({ t }) => t));
  const sums = new Map<string, { sum: number; max: number }>();
  for (const [series, { t, value }] of latest) {
    if (t < newest - GONE_MS) continue;
    const metric = metricOf(series);
    const { sum, max } = sums.get(metric) ?? { sum: 0, max: Number.NEGATIVE_INFINITY };
    sums.set(metric, { sum: sum + value, max: Math.max(max, value) });
  }
  return sums;
}

function metricOf(series: string): string {
  try {
    return parseSeries(series).name;
  } catch {
    return series;
  }
}
