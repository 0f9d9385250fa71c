import type { Schedule } from '../lib/frame-batch.js';

/** Draws charts: all that changed between two paints is one drawing of each chart that is seen. */
export interface ChartBoard {
  /** @param draw gets the time at the right edge, in milliseconds since 1970 */
  add(draw: (now: number) => void): () => void;
  /** Something changed. */
  touch(): void;
  /** While paused the charts stand still; new values are kept meanwhile. */
  pause(paused: boolean): void;
  close(): void;
}

export function createChartBoard(now: () => number, schedule: Schedule): ChartBoard {
  const charts = new Set<(now: number) => void>();
  let cancel: (() => void) | undefined;
  let pausedAt: number | undefined;
  const drawAll = () => {
    cancel = undefined;
    const at = pausedAt ?? now();
    for (const draw of charts) draw(at);
  };
  const redraw = () => {
    cancel ??= schedule(drawAll);
  };
  return {
    add(draw) {
      charts.add(draw);
      draw(pausedAt ?? now());
      return () => charts.delete(draw);
    },
    touch() {
      if (pausedAt === undefined) redraw();
    },
    pause(paused) {
      pausedAt = paused ? now() : undefined;
      redraw();
    },
    close() {
      cancel?.();
      charts.clear();
    },
  };
}
