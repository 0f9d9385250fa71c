/** What a set of values comes to. */
export interface Summary {
  count: number;
  min: number;
  max: number;
  mean: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
}

/** @throws RangeError without values */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('no values to sum up');
  const sorted = Float64Array.from(values).sort();
  const p = (part: number) => quantile(sorted, part);
  // Shares, not a sum: values near the largest double would add up to infinity.
  const mean = sorted.reduce((total, value) => total + value / sorted.length, 0);
  return { count: sorted.length, min: sorted[0]!, max: sorted.at(-1)!, mean, p50: p(0.5), p90: p(0.9), p95: p(0.95), p99: p(0.99) };
}

/**
 * The value below which a part (0 to 1) of the sorted values lies, interpolated between its two neighbours: type 7 of
 * Hyndman and Fan, "Sample Quantiles in Statistical Packages" (1996), as NumPy, R and spreadsheets do by default.
 */
export function quantile(sorted: Float64Array, part: number): number {
  const place = (sorted.length - 1) * part;
  const below = sorted[Math.floor(place)]!;
  const above = sorted[Math.ceil(place)]!;
  const share = place - Math.floor(place);
  return Math.min(above, Math.max(below, between(below, above, share)));
}

/** Never falls while `share` rises, whatever is rounded: one product and one sum. Neighbours too far apart to subtract are halved first. */
function between(below: number, above: number, share: number): number {
  const distance = above - below;
  return Number.isFinite(distance) ? below + distance * share : 2 * (below / 2 + (above / 2 - below / 2) * share);
}
