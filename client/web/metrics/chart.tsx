import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { align } from './align.js';
import type { ChartBoard } from './chart-board.js';
import { chartOptions, seriesColours } from './chart-options.js';
import { Legend, type LegendHandle } from './legend.js';
import type { MetricFeed } from './metric-feed.js';
import type { Panel } from './panels.js';

interface ChartProps {
  panel: Panel;
  feed: MetricFeed;
  board: ChartBoard;
  windowMs: number;
  /** Changes with the theme: a canvas keeps the colours it was drawn with. */
  theme: number;
}

/** Height of the drawing in pixels, its axis included. */
const HEIGHT = 168;

/** One chart, drawn past the renderer: values come far more often than anything else of it changes. */
export function Chart({ panel, feed, board, windowMs, theme }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const legend = useRef<LegendHandle>(null);
  const lines = panel.series.map(({ name }) => name).join('\n');

  useEffect(() => {
    const target = place.current!;
    const plot = new uPlot(
      chartOptions({
        panel,
        width: target.clientWidth,
        height: HEIGHT,
        colours: seriesColours(target),
        onCursor: (at) => legend.current?.show(at),
      }),
      [[]],
      target,
    );
    let seen = false;
    let lastNow = 0;
    const draw = (now: number) => {
      lastNow = now;
      if (!seen) return;
      const columns = align(
        panel.series.map(({ name }) => feed.points(name)),
        now - windowMs,
        now,
      );
      plot.batch(() => {
        plot.setData(columns, false);
        plot.setScale('x', { min: (now - windowMs) / 1000, max: now / 1000 });
      });
      legend.current?.latest(columns);
    };
    const remove = board.add(draw);
    const visibility = new IntersectionObserver(([entry]) => {
      seen = entry?.isIntersecting ?? false;
      if (seen) draw(lastNow);
    });
    const size = new ResizeObserver(() => plot.setSize({ width: target.clientWidth, height: HEIGHT }));
    visibility.observe(target);
    size.observe(target);
    return () => {
      remove();
      visibility.disconnect();
      size.disconnect();
      plot.destroy();
    };
  }, [lines, feed, board, windowMs, theme]);

  return (
    <figure class="card chart" aria-label={panel.title} data-testid="chart" data-panel={panel.id}>
      <figcaption class="chart-head">
        <h2>{panel.title}</h2>
        {panel.left > 0 && <span class="muted">{panel.left} more not shown</span>}
      </figcaption>
      <div class="chart-place" ref={place} />
      <Legend panel={panel} handle={legend} />
    </figure>
  );
}
