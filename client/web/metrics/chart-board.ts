import type { Schedule } from '../lib/frame-batch.js';
import { rangeOf, type TimeRange, type TimeView } from './time-view.js';

export type Draw = (range: TimeRange) => void;

/** Draws charts: all that changed between two paints is one drawing of each chart that is seen. */
export interface ChartBoard {
  /** @param draw gets the time to show, in milliseconds since 1970 */
  add(draw: Draw): () => void;
  /** One chart is to be drawn: it has come into sight. */
  ask(draw: Draw): void;
  /** There are other values: charts of a moving view are drawn again. */
  touch(): void;
  /** There are other values of the past: every chart is drawn again. */
  redraw(): void;
  show(view: TimeView): void;
  /** What the charts show now. */
  range(): TimeRange;
  close(): void;
}

/** Milliseconds that drawing may take of one paint; charts that are left over come with the next one, before those that were drawn. */
const BUDGET_MS = 12;

interface BoardOptions {
  readonly view: TimeView;
  /** The newest value's time. */
  readonly now: () => number;
  readonly schedule: Schedule;
  /** Milliseconds that pass while charts are drawn. */
  readonly elapsed?: () => number;
}

export function createChartBoard({ view: first, now, schedule, elapsed = () => performance.now() }: BoardOptions): ChartBoard {
  const charts = new Set<Draw>();
  const waiting = new Set<Draw>();
  let view = first;
  let cancel: (() => void) | undefined;
  const range = () => rangeOf(view, now());
  const drawWaiting = () => {
    cancel = undefined;
    const shown = range();
    const begun = elapsed();
    for (const draw of waiting) {
      waiting.delete(draw);
      draw(shown);
      if (elapsed() - begun > BUDGET_MS) break;
    }
    if (waiting.size > 0) cancel = schedule(drawWaiting);
  };
  const redraw = () => {
    for (const draw of charts) waiting.add(draw);
    if (waiting.size > 0) cancel ??= schedule(drawWaiting);
  };
  const ask = (draw: Draw) => {
    waiting.add(draw);
    cancel ??= schedule(drawWaiting);
  };
  return {
    ask,
    add(draw) {
      charts.add(draw);
      ask(draw);
      return () => {
        charts.delete(draw);
        waiting.delete(draw);
      };
    },
    touch() {
      if (view.kind === 'live') redraw();
    },
    redraw,
    show(next) {
      view = next;
      redraw();
    },
    range,
    close() {
      cancel?.();
      cancel = undefined;
      charts.clear();
      waiting.clear();
    },
  };
}
