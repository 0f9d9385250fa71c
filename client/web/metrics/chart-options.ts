import type uPlot from 'uplot';
import type { Panel } from './panels.js';
import { formatValue, type Unit } from './units.js';

/** Charts with this key move their cursors together. */
const SYNC_KEY = 'metrics';
const AXIS_FONT = '11px ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

export interface ChartColours {
  readonly series: readonly string[];
  readonly grid: string;
  readonly axis: string;
}

interface ChartOptions {
  panel: Panel;
  width: number;
  height: number;
  colours: ChartColours;
  /** The index under the cursor, null when it left. */
  onCursor: (index: number | null) => void;
}

export function chartOptions({ panel, width, height, colours, onCursor }: ChartOptions): uPlot.Options {
  const only = panel.series.length === 1;
  return {
    width,
    height,
    padding: [8, 10, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 }, sync: { key: SYNC_KEY, scales: ['x', null] } },
    scales: {
      x: { time: true, auto: false },
      y: { range: (_, min, max) => axisRange(min, max, panel.atLeast) },
    },
    axes: [
      {
        stroke: colours.axis,
        font: AXIS_FONT,
        size: 26,
        space: 46,
        grid: { show: false },
        ticks: { show: false },
        values: (_, times) => times.map(axisTime),
      },
      {
        stroke: colours.axis,
        font: AXIS_FONT,
        size: 64,
        space: 34,
        grid: { stroke: colours.grid, width: 1 },
        ticks: { show: false },
        ...(isBinary(panel.unit) && { incrs: BINARY_STEPS }),
        values: (_, values) => values.map((value) => formatValue(value, panel.unit)),
      },
    ],
    series: [
      {},
      ...panel.series.map(({ label }, index) => {
        const stroke = colours.series[index % colours.series.length]!;
        return { label, stroke, width: 1.5, points: { show: false }, ...(only && { fill: withAlpha(stroke, 0.13) }) };
      }),
    ],
    hooks: { setCursor: [({ cursor }) => onCursor(cursor.left !== undefined && cursor.left >= 0 ? (cursor.idx ?? null) : null)] },
  };
}

/** Steps of an axis in bytes: 1, 2, 4 … of a unit of 1024, so that its marks are round. */
const BINARY_STEPS = Array.from({ length: 60 }, (_, power) => 2 ** power);

const isBinary = (unit: Unit): boolean => unit === 'bytes' || unit === 'bytesPerSecond';

/** The axis starts at 0 unless there are negative values, and leaves a little room above. */
function axisRange(min: number | null, max: number | null, atLeast = 0): [number, number] {
  const low = Math.min(0, min ?? 0);
  const high = Math.max(atLeast, (max ?? 0) * (atLeast > 0 ? 1 : 1.1), low);
  return [low * 1.1, high > low ? high : low + 1];
}

const AXIS_TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const AXIS_SECONDS = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

const axisTime = (seconds: number): string => (seconds % 60 === 0 ? AXIS_TIME : AXIS_SECONDS).format(seconds * 1000);

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
