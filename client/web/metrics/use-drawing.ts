import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Columns } from './align.js';
import type { ChartBoard, Write } from './chart-board.js';
import type { MetricFeed } from './metric-feed.js';
import { columnsOf } from './panel-columns.js';
import type { Panel } from './panels.js';
import type { TimeRange } from './time-view.js';

/** What every kind of panel is drawn from. */
export interface DrawingProps {
  readonly panel: Panel;
  readonly feed: MetricFeed;
  readonly board: ChartBoard;
  /** Changes with the theme: a canvas keeps the colours it was drawn with. */
  readonly theme: number;
  /** Shows a stretch of time, in milliseconds since 1970; without one, what is live. */
  readonly onZoom: (range?: TimeRange) => void;
}

export interface Drawing {
  /** `tickMs`: what values of one line lie apart at least. @returns what is to be written into the page */
  draw(columns: Columns, range: TimeRange, tickMs: number): Write | undefined;
  resize?(width: number): void;
  stop?(): void;
}

/**
 * Draws past the renderer: values come far more often than anything else of a panel changes. A panel that is not in sight is not drawn.
 * @param ticks values of one line at most
 */
export function useDrawing(
  place: RefObject<HTMLElement | null>,
  { panel, feed, board, theme }: DrawingProps,
  ticks: number,
  start: (target: HTMLElement) => Drawing,
): void {
  useEffect(() => {
    const target = place.current!;
    let drawing: Drawing | undefined;
    let seen = false;
    const draw = (range: TimeRange) => {
      if (!seen) return undefined;
      drawing ??= start(target);
      const tickMs = Math.max(1, Math.ceil((range.to - range.from) / ticks));
      return drawing.draw(columnsOf(panel, feed.points, range, tickMs), range, tickMs);
    };
    const remove = board.add(draw);
    const visibility = new IntersectionObserver(([entry]) => {
      seen = entry?.isIntersecting ?? false;
      if (seen) board.ask(draw);
    });
    const size = new ResizeObserver(() => drawing?.resize?.(target.clientWidth));
    visibility.observe(target);
    size.observe(target);
    return () => {
      remove();
      visibility.disconnect();
      size.disconnect();
      drawing?.stop?.();
    };
  }, [panel, feed, board, theme]);
}
