import { parseSeries, type SeriesParts } from '../../../shared/series-name.js';
import { type Unit, unitOf } from './units.js';

/** A chart that is known beforehand: which series it shows and how. */
export interface PanelSpec {
  readonly title: string;
  readonly unit: Unit;
  /** Metrics and what their series are called, in the order in which they are drawn. */
  readonly metrics: Readonly<Record<string, string>>;
  /** Upper end of the axis at least. */
  readonly atLeast?: number;
}

/** What a known room shows. */
export interface RoomSpec {
  readonly panels: readonly PanelSpec[];
  /** Metrics that say nothing that a chart does not say already. */
  readonly left: readonly string[];
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

const NOTHING_KNOWN: RoomSpec = { panels: [], left: [] };

/** The charts of a room's series: those that the specification describes first, then one for each other metric, by name. */
export function panelsOf(names: readonly string[], spec: RoomSpec = NOTHING_KNOWN): Panel[] {
  const rest = new Map<string, Known[]>();
  for (const name of names) {
    const parts = partsOf(name);
    const same = rest.get(parts.name);
    if (same) same.push({ name, parts });
    else rest.set(parts.name, [{ name, parts }]);
  }
  const known = spec.panels.map(({ title, unit, atLeast, metrics }) =>
    panel(
      { id: title, title, unit, atLeast },
      Object.keys(metrics).flatMap((metric) => rest.get(metric) ?? []),
      metrics,
    ),
  );
  for (const metric of [...spec.panels.flatMap(({ metrics }) => Object.keys(metrics)), ...spec.left]) rest.delete(metric);
  const others = [...rest]
    .sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true }))
    .map(([metric, series]) => generic(metric, series));
  return [...known, ...others].filter(({ series }) => series.length > 0).slice(0, PAGE_PANELS);
}

function generic(metric: string, series: readonly Known[]): Panel {
  return panel({ id: metric, title: titleOf(metric), unit: unitOf(metric), atLeast: undefined }, series, { [metric]: titleOf(metric) });
}

/** Series are told apart by their metric's name, where there are several, and by the labels in which they differ. */
function panel(
  head: Pick<Panel, 'id' | 'title' | 'unit' | 'atLeast'>,
  known: readonly Known[],
  titles: Readonly<Record<string, string>>,
): Panel {
  const differing = differingLabels(known);
  const several = new Set(known.map(({ parts }) => parts.name)).size > 1;
  const labelled = known.map(({ name, parts }) => {
    const values = differing.map((label) => parts.labels[label] ?? '').filter((value) => value !== '');
    const words = several ? [titles[parts.name] ?? parts.name, ...values] : values;
    return { name, label: words.join(' ') || (titles[parts.name] ?? parts.name) };
  });
  const shown = labelled.slice(0, PANEL_SERIES);
  return { ...head, series: shown, left: labelled.length - shown.length };
}

function differingLabels(known: readonly Known[]): string[] {
  const labels = new Set(known.flatMap(({ parts }) => Object.keys(parts.labels)));
  return [...labels].filter((label) => new Set(known.map(({ parts }) => parts.labels[label])).size > 1);
}

/** A text that is no series is a name as it stands. */
function partsOf(text: string): SeriesParts {
  try {
    return parseSeries(text);
  } catch {
    return { name: text, labels: {} };
  }
}

/** `disk_read_bytes` is `Disk read bytes`. */
export function titleOf(metric: string): string {
  const words = metric.replace(/[._:/-]+/g, ' ').trim();
  return words === '' ? metric : words.charAt(0).toUpperCase() + words.slice(1);
}
