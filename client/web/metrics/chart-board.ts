import type { Schedule } from '../lib/frame-batch.js';
import { rangeOf, type TimeRange, type TimeView } from './time-view.js';

/** Draws on a canvas; what it writes into the page beside that it gives back, to be written when all canvases of a paint are drawn. */
export type Draw = (range: TimeRange) => Write | undefined;
export type Write = () => void;

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
const BUDGET_MS = 6;
/** Charts drawn for one paint at most: where no GPU fills canvases the browser does, later in the same task, for four times as long as drawing took. */
const PAINT_CHARTS = 3;

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
    const writes: (Write | undefined)[] = [];
    for (const draw of waiting) {
      waiting.delete(draw);
      writes.push(draw(shown));
      if (writes.length === PAINT_CHARTS || elapsed() - begun > BUDGET_MS) break;
    }
    // Text on a canvas makes the browser lay out the page, if that was changed: in turns it would be laid out for each chart.
    for (const write of writes) write?.();
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
