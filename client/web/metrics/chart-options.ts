import type uPlot from 'uplot';
import type { Panel } from './panels.js';
import type { TimeRange } from './time-view.js';
import { formatValue, type Unit } from './units.js';

/** Charts with this key move their cursors together. */
const SYNC_KEY = 'metrics';
const AXIS_FONT = '11px ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

export interface ChartColours {
  readonly series: readonly string[];
  readonly grid: string;
  readonly axis: string;
}

/** What a reader does with a chart. */
export interface ChartEvents {
  /** The index under the cursor, null when it left; `top`: its distance from the upper edge in pixels. */
  readonly onCursor: (index: number | null, top: number) => void;
  readonly onZoom: (range?: TimeRange) => void;
}

interface ChartSize {
  readonly width: number;
  readonly height: number;
}

/** Options of a chart over time: its axis of time, one cursor over all charts, and a stretch of time chosen by dragging. */
export function timeChart(size: ChartSize, colours: ChartColours, { onCursor, onZoom }: ChartEvents): Omit<uPlot.Options, 'series'> {
  return {
    ...size,
    padding: [8, 10, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 6 },
      drag: { x: true, y: false, setScale: false },
      bind: {
        dblclick: () => () => {
          onZoom();
          return null;
        },
      },
      sync: {
        key: SYNC_KEY,
        scales: ['x', null],
        filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave', sub: () => true },
      },
    },
    scales: { x: { time: true, auto: false } },
    axes: [
      {
        stroke: colours.axis,
        font: AXIS_FONT,
        size: 26,
        space: 56,
        grid: { show: false },
        ticks: { show: false },
        values: (chart, times, __, ___, step) => times.map((time) => (isCut(chart, time, step) ? null : axisTime(time, step))),
      },
    ],
    hooks: {
      setCursor: [({ cursor }) => onCursor(cursor.left !== undefined && cursor.left >= 0 ? (cursor.idx ?? null) : null, cursor.top ?? -1)],
      setSelect: [(plot) => zoomToSelection(plot, onZoom)],
    },
  };
}

/** Half of a mark's width in pixels, with its seconds and without. */
const HALF_MARK_PX = { seconds: 26, minutes: 16 };

/** Whether the mark of a time would reach over the chart's right edge. @param step seconds between two marks */
function isCut(chart: uPlot, time: number, step: number): boolean {
  const edge = chart.width * (1 - chart.bbox.left / chart.ctx.canvas.width);
  return chart.valToPos(time, 'x') + (step >= 60 ? HALF_MARK_PX.minutes : HALF_MARK_PX.seconds) > edge;
}

/** Selections narrower than this are clicks. */
const LEAST_SELECTION_PX = 4;

function zoomToSelection(plot: uPlot, onZoom: ChartEvents['onZoom']): void {
  const { left, width } = plot.select;
  if (width < LEAST_SELECTION_PX) return;
  const from = plot.posToVal(left, 'x') * 1000;
  const to = plot.posToVal(left + width, 'x') * 1000;
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onZoom({ from, to });
}

/** More lines than this are drawn thin: they are told apart better, and filled in half the time. */
const CROWD = 4;

/** Lines, or areas that stand on each other. */
export function lineChart(panel: Panel, size: ChartSize, colours: ChartColours, events: ChartEvents): uPlot.Options {
  const base = timeChart(size, colours, events);
  const stacked = panel.kind === 'area';
  const filled = stacked || panel.lines.length === 1;
  const width = panel.lines.length > CROWD ? 1 : 1.5;
  return {
    ...base,
    scales: { ...base.scales, y: { range: (_, min, max) => axisRange(min, max, panel.unit === 'date' ? undefined : (panel.max ?? 0)) } },
    axes: [...base.axes!, valueAxis(panel.unit, colours)],
    series: [
      {},
      ...panel.lines.map(({ label }, index) => {
        const stroke = colours.series[index % colours.series.length]!;
        const dash = index >= colours.series.length ? { dash: [6, 3] } : {};
        const fill = filled ? { fill: withAlpha(stroke, stacked ? 0.32 : 0.13) } : {};
        return { label, stroke, width, points: { show: false }, ...dash, ...fill };
      }),
    ],
    bands: stacked ? panel.lines.slice(1).map((_, below) => ({ series: [below + 2, below + 1] as [number, number] })) : [],
  };
}

/** A line without anything around it. */
export function sparkline(size: ChartSize, { series: [stroke = ''] }: ChartColours): uPlot.Options {
  return {
    ...size,
    padding: [2, 0, 2, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: true, auto: false } },
    axes: [{ show: false }, { show: false }],
    series: [{}, { stroke, width: 1.5, fill: withAlpha(stroke, 0.13), points: { show: false } }],
  };
}

function valueAxis(unit: Unit, { axis, grid }: ChartColours): uPlot.Axis {
  return {
    stroke: axis,
    font: AXIS_FONT,
    size: 64,
    space: 34,
    grid: { stroke: grid, width: 1 },
    ticks: { show: false },
    ...(isBinary(unit) && { incrs: BINARY_STEPS }),
    values: (_, values) => values.map((value) => formatValue(value, unit)),
  };
}

/** An axis of rows, each named in its middle; of many rows some. */
export function rowAxis(labels: readonly string[], { axis }: ChartColours): uPlot.Axis {
  const each = Math.ceil(labels.length / 10);
  return {
    stroke: axis,
    font: AXIS_FONT,
    size: 64,
    grid: { show: false },
    ticks: { show: false },
    splits: () => labels.flatMap((_, row) => (row % each === 0 ? [row + 0.5] : [])),
    values: (_, splits) => splits.map((split) => labels[Math.floor(split)] ?? ''),
  };
}

/** Steps of an axis in bytes: 1, 2, 4 … of a unit of 1024, so that its marks are round. */
const BINARY_STEPS = Array.from({ length: 60 }, (_, power) => 2 ** power);

const isBinary = (unit: Unit): boolean => unit === 'bytes' || unit === 'bytesPerSecond';

/** The axis starts at 0 unless there are negative values, ends at `atLeast` at least, and leaves a little room. Undefined: it need not show 0. */
function axisRange(min: number | null, max: number | null, atLeast: number | undefined): [number, number] {
  if (atLeast === undefined) return [(min ?? 0) - 1, (max ?? 0) + 1];
  const low = Math.min(0, min ?? 0);
  const high = Math.max(atLeast, (max ?? 0) * (atLeast > 0 && (max ?? 0) <= atLeast ? 1 : 1.1), low);
  return [low * 1.1, high > low ? high : low + 1];
}

const AXIS_TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const AXIS_SECONDS = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

/** @param step seconds between two marks */
const axisTime = (seconds: number, step: number): string => (step >= 60 ? AXIS_TIME : AXIS_SECONDS).format(seconds * 1000);

/** The theme's colours as a canvas takes them: computed, as custom properties may hold light-dark(). */
export function seriesColours(inside: HTMLElement): ChartColours {
  const probe = inside.appendChild(document.createElement('span'));
  const read = (variable: string): string => {
    probe.style.color = `var(${variable})`;
    return getComputedStyle(probe).color;
  };
  const series = Array.from({ length: 8 }, (_, index) => read(`--series-${index}`));
  const colours = { series, grid: read('--line'), axis: read('--muted') };
  probe.remove();
  return colours;
}

/** A computed `rgb(…)` colour, thinned. */
function withAlpha(colour: string, alpha: number): string {
  return colour.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`);
}
