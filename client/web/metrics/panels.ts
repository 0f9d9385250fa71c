import { parseSeries, type SeriesParts } from '../../../shared/series-name.js';
import { type Unit, unitOf } from './units.js';

/** A chart that is known beforehand: which series it shows and how. */
export interface PanelSpec {
  readonly title: string;
  readonly unit: Unit;
  /** Metric names, in the order in which they are drawn. */
  readonly metrics: readonly string[];
  /** How a series is called in the chart; by default the values of its labels, or its metric's name. */
  readonly label?: (parts: SeriesParts) => string;
  /** Series of these metrics that the chart leaves out. */
  readonly except?: (parts: SeriesParts) => boolean;
  /** Upper end of the axis at least. */
  readonly atLeast?: number;
}

export interface PanelSeries {
  /** The series' canonical text. */
  readonly name: string;
  readonly label: string;
}

/** One chart of a metric room. */
export interface Panel {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly atLeast: number | undefined;
  readonly series: readonly PanelSeries[];
  /** Series that the chart has no room for. */
  readonly left: number;
}

/** Lines in one chart that an eye still tells apart. */
export const PANEL_SERIES = 8;
/** Charts of one page. */
export const PAGE_PANELS = 60;

interface Known {
  readonly name: string;
  readonly parts: SeriesParts;
}

/** The charts of a room's series: those that `specs` describes first, then one for each other metric, by name. */
export function panelsOf(names: readonly string[], specs: readonly PanelSpec[]): Panel[] {
  const rest = new Map<string, Known[]>();
  for (const name of names) {
    const parts = partsOf(name);
    rest.set(parts.name, [...(rest.get(parts.name) ?? []), { name, parts }]);
  }
  const known = specs.map((spec) => {
    const series = spec.metrics.flatMap((metric) => rest.get(metric) ?? []).filter(({ parts }) => !spec.except?.(parts));
    return panel({ id: spec.title, title: spec.title, unit: spec.unit, atLeast: spec.atLeast }, series, spec.label);
  });
  for (const metric of specs.flatMap(({ metrics }) => metrics)) rest.delete(metric);
  const others = [...rest].sort(([a], [b]) => a.localeCompare(b)).map(([metric, series]) => generic(metric, series));
  return [...known, ...others].filter(({ series }) => series.length > 0).slice(0, PAGE_PANELS);
}

function generic(metric: string, series: readonly Known[]): Panel {
  return panel({ id: metric, title: titleOf(metric), unit: unitOf(metric), atLeast: undefined }, series);
}

function panel(
  head: Pick<Panel, 'id' | 'title' | 'unit' | 'atLeast'>,
  known: readonly Known[],
  label: (parts: SeriesParts) => string = labelOf,
): Panel {
  const series = known.map(({ name, parts }) => ({ name, label: label(parts) }));
  const shown = series.slice(0, PANEL_SERIES);
  return { ...head, series: shown, left: series.length - shown.length };
}

/** A text that is no series is a name as it stands. */
function partsOf(text: string): SeriesParts {
  try {
    return parseSeries(text);
  } catch {
    return { name: text, labels: {} };
  }
}

function labelOf({ name, labels }: SeriesParts): string {
  const values = Object.values(labels);
  return values.length === 0 ? titleOf(name) : values.join(' ');
}

/** `disk_read_bytes` is `Disk read bytes`. */
export function titleOf(metric: string): string {
  const words = metric.replace(/[._:/-]+/g, ' ').trim();
  return words === '' ? metric : words.charAt(0).toUpperCase() + words.slice(1);
}
