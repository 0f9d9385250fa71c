/** The time that all charts of a page show: the last while, moving, or a stretch that stands still. Milliseconds, since 1970. */
export type TimeView =
  | { readonly kind: 'live'; readonly spanMs: number }
  /** `spanMs` is that of the live view to go back to. */
  | { readonly kind: 'still'; readonly from: number; readonly to: number; readonly spanMs: number };

export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const SPANS = [
  [MINUTE, '1m'],
  [5 * MINUTE, '5m'],
  [15 * MINUTE, '15m'],
  [HOUR, '1h'],
  [6 * HOUR, '6h'],
  [24 * HOUR, '1d'],
] as const;

/** The shortest stretch that a chart is drawn over. */
const LEAST_MS = 1000;
export const LONGEST_MS = 24 * HOUR;

export function rangeOf(view: TimeView, now: number): TimeRange {
  return view.kind === 'live' ? { from: now - view.spanMs, to: now } : { from: view.from, to: view.to };
}

/** Stands still on what is shown at `now`. */
export function still(view: TimeView, now: number): TimeView {
  return { kind: 'still', ...rangeOf(view, now), spanMs: view.spanMs };
}

export const live = ({ spanMs }: TimeView): TimeView => ({ kind: 'live', spanMs });

/** Another length; a view that stands still keeps its end. */
export function withSpan(view: TimeView, spanMs: number): TimeView {
  return view.kind === 'live' ? { kind: 'live', spanMs } : { kind: 'still', from: view.to - spanMs, to: view.to, spanMs };
}

/** Shows the stretch between two times, in either order, at least a second. */
export function zoomTo(view: TimeView, a: number, b: number): TimeView {
  const middle = (a + b) / 2;
  const half = Math.max(LEAST_MS, Math.abs(b - a)) / 2;
  return { kind: 'still', from: middle - half, to: middle + half, spanMs: view.spanMs };
}

/** Scales the shown stretch around its middle: 0.5 zooms in, 2 out, no further than a day and never past `now`. */
export function zoomBy(view: TimeView, factor: number, now: number): TimeView {
  const { from, to } = rangeOf(view, now);
  const length = Math.min(LONGEST_MS, (to - from) * factor);
  const end = Math.min(now, (from + to) / 2 + length / 2);
  return zoomTo(view, end - length, end);
}

/** Steps that the hub's roll-ups have whole numbers of. */
const STEPS_MS = [1, 2, 5, 10, 30, 60, 120, 300, 600].map((seconds) => seconds * 1000);
/** Values of one series that a chart can show beside each other. */
const MOST_STEPS = 400;

/** Distance of the values to ask the hub for. */
export function stepFor({ from, to }: TimeRange): number {
  return STEPS_MS.find((step) => (to - from) / step <= MOST_STEPS) ?? STEPS_MS.at(-1)!;
}
