import { useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Columns } from './align.js';
import { moveCursor } from './chart-keys.js';
import { lineChart, seriesColours } from './chart-options.js';
import { Legend, type LegendHandle } from './legend.js';
import { stacked } from './stack.js';
import { type Drawing, type DrawingProps, useDrawing } from './use-drawing.js';

/** Height of the drawing in pixels, its axis included. */
export const CHART_PX = 168;
/** Values of one line: about two for each pixel. */
const TICKS = 1000;

/** Lines or stacked areas over time. */
export function LineChart(props: DrawingProps) {
  const { panel, onZoom } = props;
  const place = useRef<HTMLDivElement>(null);
  const legend = useRef<LegendHandle>(null);
  const plot = useRef<uPlot | null>(null);
  const alone = useRef<string | undefined>(undefined);
  const [only, setOnly] = useState<string | undefined>(undefined);
  const redraw = useRef<(() => void) | null>(null);

  useDrawing(place, props, TICKS, (target) => {
    const size = { width: target.clientWidth, height: CHART_PX };
    const events = { onCursor: (index: number | null) => legend.current?.show(index), onZoom };
    const chart = new uPlot(lineChart(panel, size, seriesColours(target), events), [[]], target);
    plot.current = chart;
    const drawing = drawingOn(chart, {
      shown: () => panel.lines.map(({ key }) => alone.current === undefined || alone.current === key),
      stack: panel.kind === 'area',
      onDrawn: (columns) => legend.current?.latest(columns),
    });
    redraw.current = drawing.again;
    return drawing;
  });

  const choose = (key: string) => {
    alone.current = alone.current === key ? undefined : key;
    setOnly(alone.current);
    redraw.current?.();
  };
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a drawing with a cursor of its own is no fieldset */}
      <div
        class="chart-place"
        ref={place}
        role="group"
        aria-label={`${panel.title}: the arrow keys move the cursor, + and - zoom, Escape goes back to live`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: its cursor is moved by keys
        tabIndex={0}
        onKeyDown={(event) => plot.current && moveCursor(event, plot.current, onZoom)}
      />
      <Legend panel={panel} handle={legend} only={only} onChoose={choose} />
    </>
  );
}

interface LineDrawing {
  /** Which lines are drawn. */
  readonly shown: () => boolean[];
  readonly stack: boolean;
  readonly onDrawn: (columns: Columns) => void;
}

function drawingOn(chart: uPlot, { shown, stack, onDrawn }: LineDrawing): Drawing & { again(): void } {
  let last: Parameters<Drawing['draw']> | undefined;
  const draw: Drawing['draw'] = (...drawn) => {
    last = drawn;
    const [columns, { from, to }] = drawn;
    const visible = shown();
    chart.batch(() => {
      // First the data: without any, a line that is hidden would fix the axis where it stands.
      chart.setData(stack ? stacked(columns, visible) : columns, false);
      visible.forEach((show, line) => {
        if (chart.series[line + 1]?.show !== show) chart.setSeries(line + 1, { show });
      });
      chart.setScale('x', { min: from / 1000, max: to / 1000 });
    });
    return () => onDrawn(columns);
  };
  return {
    draw,
    again: () => last && draw(...last)?.(),
    resize: (width) => chart.setSize({ width, height: CHART_PX }),
    stop: () => chart.destroy(),
  };
}
