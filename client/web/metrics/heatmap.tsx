import { useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { Columns } from './align.js';
import { type ChartColours, rowAxis, seriesColours, timeChart } from './chart-options.js';
import { cellsOf } from './heat-cells.js';
import { setText } from './legend.js';
import { CHART_PX } from './line-chart.js';
import type { Panel } from './panels.js';
import { formatValue, unitOf } from './units.js';
import { type Drawing, type DrawingProps, useDrawing } from './use-drawing.js';

/** Columns of a heatmap: cells that are still seen. */
const TICKS = 90;

/** Rows over time, each cell as strong as its value: the buckets of a histogram, or a line each. */
export function Heatmap(props: DrawingProps) {
  const { panel, onZoom } = props;
  const place = useRef<HTMLDivElement>(null);
  const note = useRef<HTMLParagraphElement>(null);
  useDrawing(place, props, TICKS, (target) => {
    let drawn: Columns = [[]];
    let hovered: { at: number; row: number } | undefined;
    const labels = rowLabels(panel);
    const describe = () => note.current && setText(note.current, noteOf(drawn, labels, panel, hovered));
    const cells: Cells = { columns: drawn, tickMs: 1, most: 0 };
    const onCursor = (at: number | null, top: number) => {
      const row = Math.floor(chart?.posToVal(top, 'y') ?? -1);
      hovered = at === null || row < 0 || row >= labels.length ? undefined : { at, row };
      describe();
    };
    const chart = new uPlot(options(target, labels, cells, seriesColours(target), { onCursor, onZoom }), [[]], target);
    const drawing: Drawing = {
      draw(columns, { from, to }, tickMs) {
        drawn = columns;
        Object.assign(cells, { columns, tickMs, most: highest(columns) });
        chart.batch(() => {
          chart.setData(columns, false);
          chart.setScale('x', { min: from / 1000, max: to / 1000 });
        });
        return describe;
      },
      resize: (width) => chart.setSize({ width, height: CHART_PX }),
      stop: () => chart.destroy(),
    };
    return drawing;
  });
  return (
    <>
      <div class="chart-place" ref={place} role="img" aria-label={`${panel.title}: a heatmap of ${panel.lines.length} rows`} />
      <p class="legend muted numbers" ref={note} data-testid="heatmap-note" />
    </>
  );
}

interface Cells {
  columns: Columns;
  tickMs: number;
  /** The value of the strongest cell. */
  most: number;
}

function options(
  target: HTMLElement,
  labels: readonly string[],
  cells: Cells,
  colours: ChartColours,
  events: Parameters<typeof timeChart>[2],
): uPlot.Options {
  const base = timeChart({ width: target.clientWidth, height: CHART_PX }, colours, events);
  const paint = (chart: uPlot) => paintCells(chart, cells, colours.series[0]!);
  return {
    ...base,
    cursor: { ...base.cursor, points: { show: false } },
    scales: { ...base.scales, y: { range: () => [0, labels.length] } },
    axes: [...base.axes!, rowAxis(labels, colours)],
    series: [{}, ...labels.map(() => ({ paths: () => null, points: { show: false } }))],
    hooks: { ...base.hooks, drawAxes: [paint] },
  };
}

/** Cells that differ by a root are told apart better than by the value: few of many are seen too. */
function paintCells(chart: uPlot, { columns: [times, ...rows], tickMs, most }: Cells, colour: string): void {
  if (most <= 0) return;
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colour;
  rows.forEach((row, at) => {
    const top = chart.valToPos(at + 1, 'y', true);
    const height = chart.valToPos(at, 'y', true) - top - 1;
    for (const { value, from, to } of cellsOf(times, row, tickMs / 1000)) {
      // On whole pixels: what is between two cells would show through.
      const left = Math.round(chart.valToPos(from, 'x', true));
      const right = Math.round(chart.valToPos(to, 'x', true));
      ctx.globalAlpha = 0.06 + 0.94 * Math.sqrt(value / most);
      ctx.fillRect(left, top, Math.max(1, right - left), height);
    }
  });
  ctx.restore();
}

function highest([, ...rows]: Columns): number {
  let most = 0;
  for (const row of rows) for (const value of row) if (typeof value === 'number' && value > most) most = value;
  return most;
}

/** Buckets are named by their upper bound, in the unit of what the histogram measures. */
function rowLabels({ lines, cumulative, spec: { queries } }: Panel): string[] {
  if (!cumulative) return lines.map(({ label }) => label);
  const unit = unitOf((queries[0]?.series ?? '').replace(/[{].*$/s, '').replace(/_bucket$/, ''));
  return lines.map(({ label }) => (Number.isFinite(Number(label)) ? formatValue(Number(label), unit) : label));
}

function noteOf(
  [, ...rows]: Columns,
  labels: readonly string[],
  { unit, cumulative }: Panel,
  hovered?: { at: number; row: number },
): string {
  if (!hovered) return `strongest: ${formatValue(highest([[], ...rows]), unit)}`;
  const value = rows[hovered.row]?.[hovered.at];
  const label = `${cumulative ? 'up to ' : ''}${labels[hovered.row]}`;
  return `${label}: ${typeof value === 'number' ? formatValue(value, unit) : '–'}`;
}
