import { formatSeries } from '../../../shared/series-name.js';
import { compileSeriesPattern, partsOf } from '../../../shared/series-pattern.js';
import type { Combination, Dashboard, PanelKind, PanelQuery, PanelSpec } from './dashboard.js';
import type { KnownSeries, SeriesIndex } from './series-index.js';
import { isCounter, rateUnit, type Unit, unitOf } from './units.js';

/** A series that a line is made of. */
export interface Source {
  /** The series' canonical text. */
  readonly name: string;
  readonly rate: boolean;
  /** The series that it is divided by. */
  readonly of: string | undefined;
}

/** One line of a chart, one number, or one row of a heatmap. */
export interface Line {
  readonly key: string;
  readonly label: string;
  /** Made one by the panel's combination where there are several. */
  readonly sources: readonly Source[];
  /** Drawn as what is missing to 1. */
  readonly rest: boolean;
}

/** A panel with the series that a room has for it. */
export interface Panel {
  readonly id: string;
  readonly title: string;
  readonly kind: PanelKind;
  readonly unit: Unit;
  readonly max: number | undefined;
  readonly combine: Combination;
  readonly lines: readonly Line[];
  /** The lines are a histogram's buckets, each with those below it in it. */
  readonly cumulative: boolean;
  /** Lines that the panel has no room for. */
  readonly left: number;
  readonly spec: PanelSpec;
}

/** Lines in one chart that an eye still tells apart. */
export const PANEL_LINES = 12;
/** Rows of a heatmap that are still seen. */
const HEATMAP_ROWS = 40;
/** Charts of one page. */
const PAGE_PANELS = 60;

/** The label that holds the upper bound of a histogram's bucket, as in Prometheus. */
const BUCKET = 'le';

const boundOf = (bucket: string): number => (bucket === '+Inf' ? Number.POSITIVE_INFINITY : Number(bucket));

/** One panel for each metric, by name. */
export function everyMetric({ byMetric, metrics }: SeriesIndex): PanelSpec[] {
  return [...byMetric]
    .filter(([metric]) => !isSumOfHistogram(metric, metrics))
    .sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true }))
    .map(([metric, series]) => panelOfMetric(metric, series, metrics))
    .slice(0, PAGE_PANELS);
}

/** The buckets tell more. */
function isSumOfHistogram(metric: string, metrics: ReadonlySet<string>): boolean {
  return metric.endsWith('_sum') && metrics.has(metric.replace(/_sum$/, '_bucket'));
}

function panelOfMetric(metric: string, series: readonly KnownSeries[], metrics: ReadonlySet<string>): PanelSpec {
  const rate = isCounter(metric, metrics);
  const buckets = series.some(({ parts }) => Object.hasOwn(parts.labels, BUCKET));
  const kind = buckets ? 'heatmap' : unitOf(metric) === 'date' ? 'stat' : 'line';
  return { title: titleOf(metric), kind, queries: [{ series: formatSeries(metric), ...(rate && { rate }) }] };
}

/** The panels of a dashboard with the series that they show. */
export function panelsOf(index: SeriesIndex, { panels }: Pick<Dashboard, 'panels'>): Panel[] {
  return panels.map((spec, at) => panelOf(index, spec, `${at} ${spec.title}`));
}

export function panelOf(index: SeriesIndex, spec: PanelSpec, id: string): Panel {
  const found = spec.queries.map((query) => ({ query, series: matching(index, query.series) }));
  const cumulative = spec.kind === 'heatmap' && found.some(({ series }) => series.some(({ parts }) => Object.hasOwn(parts.labels, BUCKET)));
  const grouping = cumulative ? { combine: spec.combine ?? 'sum', by: BUCKET } : spec;
  const all = found.flatMap(({ series }) => series);
  const differing = differingLabels(all);
  const several = new Set(all.map(({ parts }) => parts.name)).size > 1;
  const lines = found.flatMap(({ query, series }) => linesOf(query, series, grouping, { differing, several }));
  if (cumulative) lines.sort((a, b) => boundOf(a.label) - boundOf(b.label));
  const shown = lines.slice(0, spec.kind === 'heatmap' ? HEATMAP_ROWS : PANEL_LINES);
  const { title, kind, max, combine = 'sum' } = spec;
  const unit = spec.unit ?? firstUnit(spec, found[0]?.series[0]);
  return { id, title, kind, unit, max, combine, lines: shown, cumulative, left: lines.length - shown.length, spec };
}

/** The series of a pattern; one that cannot be read matches none. */
function matching(index: SeriesIndex, pattern: string): KnownSeries[] {
  const { name } = partsOf(pattern);
  try {
    const matches = compileSeriesPattern(pattern);
    const candidates = name.includes('*') ? index.all() : (index.byMetric.get(name) ?? []);
    return candidates.filter(({ parts }) => matches(parts));
  } catch {
    return [];
  }
}

function firstUnit({ queries: [query] }: PanelSpec, first: KnownSeries | undefined): Unit {
  if (!query) return 'count';
  if (query.of !== undefined) return 'ratio';
  const unit = unitOf(first?.parts.name ?? partsOf(query.series).name);
  return query.rate ? rateUnit(unit) : unit;
}

interface Naming {
  /** Labels in which the panel's series differ. */
  readonly differing: readonly string[];
  /** The panel's series are of several metrics. */
  readonly several: boolean;
}

function linesOf(
  query: PanelQuery,
  series: readonly KnownSeries[],
  { combine, by }: Pick<PanelSpec, 'combine' | 'by'>,
  naming: Naming,
): Line[] {
  const groups = new Map<string, KnownSeries[]>();
  for (const one of series) {
    const group = combine ? (by === undefined ? '' : (one.parts.labels[by] ?? '')) : one.name;
    groups.set(group, [...(groups.get(group) ?? []), one]);
  }
  return [...groups].map(([group, members]) => ({
    key: `${query.series} ${group}`,
    label: combine ? groupLabel(query, group, naming) : seriesLabel(query, members[0]!, naming),
    sources: members.map(({ name, parts }) => ({
      name,
      rate: query.rate ?? false,
      of: query.of === undefined ? undefined : formatSeries(query.of, parts.labels),
    })),
    rest: query.rest ?? false,
  }));
}

function groupLabel({ series, label }: PanelQuery, group: string, { several }: Naming): string {
  if (group === '') return label ?? titleOf(partsOf(series).name);
  return several && label !== undefined ? `${label} ${group}` : group;
}

/** Series are told apart by their metric's name, where there are several, and by the labels in which they differ. */
function seriesLabel({ label }: PanelQuery, { parts }: KnownSeries, { differing, several }: Naming): string {
  const values = differing.map((key) => parts.labels[key] ?? '').filter((value) => value !== '');
  const metric = label ?? titleOf(parts.name);
  return (several ? [metric, ...values] : values).join(' ') || metric;
}

function differingLabels(known: readonly KnownSeries[]): string[] {
  const labels = new Set(known.flatMap(({ parts }) => Object.keys(parts.labels)));
  return [...labels].filter((label) => new Set(known.map(({ parts }) => parts.labels[label])).size > 1);
}

/** `disk_read_bytes` is `Disk read bytes`. */
export function titleOf(metric: string): string {
  const words = metric.replace(/[._:/-]+/g, ' ').trim();
  return words === '' ? metric : words.charAt(0).toUpperCase() + words.slice(1);
}
