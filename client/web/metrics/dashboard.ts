import { UNITS, type Unit } from './units.js';

export const PANEL_KINDS = ['line', 'area', 'stat', 'gauge', 'heatmap'] as const;
export type PanelKind = (typeof PANEL_KINDS)[number];

export const COMBINATIONS = ['sum', 'avg', 'max'] as const;
export type Combination = (typeof COMBINATIONS)[number];

/** Series of a panel, and what is drawn of them. */
export interface PanelQuery {
  /** A pattern of series: `cpu`, `cpu{core="0"}`, `net_*`. */
  readonly series: string;
  /** What its lines are called; by default the metric's name. */
  readonly label?: string;
  /** A counter, drawn as what it rises by in a second. */
  readonly rate?: boolean;
  /** A metric whose series of the same labels these are divided by. */
  readonly of?: string;
  /** Drawn as what is missing to 1: the used share from the free one. */
  readonly rest?: boolean;
}

/** A panel as it is kept and shared. */
export interface PanelSpec {
  readonly title: string;
  readonly kind: PanelKind;
  readonly queries: readonly PanelQuery[];
  /** By default the one that the first metric's name tells. */
  readonly unit?: Unit;
  /** Makes one line of a query's series, or one for each value of the label `by`. */
  readonly combine?: Combination;
  readonly by?: string;
  /** Where the axis ends at least, and a gauge is full. */
  readonly max?: number;
}

export interface Dashboard {
  readonly title: string;
  readonly panels: readonly PanelSpec[];
}

/** Bounds of what a link or the browser's storage may bring in. */
const MOST = { panels: 100, queries: 20, chars: 600 } as const;

/** A dashboard from what was kept or came with a link; undefined for what is none. */
export function readDashboard(given: unknown): Dashboard | undefined {
  const { title, panels } = fieldsOf(given);
  if (!isText(title) || !Array.isArray(panels) || panels.length > MOST.panels) return undefined;
  const read = panels.map(readPanel);
  return read.every((panel) => panel !== undefined) ? { title, panels: read } : undefined;
}

function readPanel(given: unknown): PanelSpec | undefined {
  const { title, kind, queries, unit, combine, by, max } = fieldsOf(given);
  const known = PANEL_KINDS.find((one) => one === kind);
  if (!isText(title) || !known || !Array.isArray(queries) || queries.length > MOST.queries) return undefined;
  const read = queries.map(readQuery);
  if (!read.every((query) => query !== undefined)) return undefined;
  return {
    title,
    kind: known,
    queries: read,
    ...optional(
      'unit',
      UNITS.find((one) => one === unit),
    ),
    ...optional(
      'combine',
      COMBINATIONS.find((one) => one === combine),
    ),
    ...optional('by', isText(by) ? by : undefined),
    ...optional('max', typeof max === 'number' && Number.isFinite(max) ? max : undefined),
  };
}

function readQuery(given: unknown): PanelQuery | undefined {
  const { series, label, of, rate, rest } = fieldsOf(given);
  if (!isText(series)) return undefined;
  return {
    series,
    ...optional('label', isText(label) ? label : undefined),
    ...optional('of', isText(of) ? of : undefined),
    ...optional('rate', rate === true || undefined),
    ...optional('rest', rest === true || undefined),
  };
}

const fieldsOf = (given: unknown): Record<string, unknown> => (typeof given === 'object' && given !== null ? { ...given } : {});
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '' && value.length <= MOST.chars;

/** A field that is left out when it has no value. */
function optional<Key extends string, Value>(key: Key, value: Value | undefined): { readonly [Name in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [Name in Key]?: Value };
}

/** A dashboard as a part of an address: its JSON in base64url. */
export function dashboardToText(dashboard: Dashboard): string {
  const bytes = new TextEncoder().encode(JSON.stringify(dashboard));
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}

export function dashboardFromText(text: string): Dashboard | undefined {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
    return readDashboard(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}
