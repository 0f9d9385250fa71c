import { compileSeriesPattern } from '../../../shared/series-pattern.js';
import type { Combination, PanelKind, PanelQuery, PanelSpec } from './dashboard.js';
import type { Unit } from './units.js';

/** A panel as it stands in the fields of the editor. */
export interface PanelDraft {
  readonly title: string;
  readonly kind: PanelKind;
  /** Patterns, one per line. */
  readonly series: string;
  readonly rate: boolean;
  readonly combine: Combination | '';
  readonly by: string;
  readonly unit: Unit | '';
  readonly max: string;
  /** What the fields do not show of the queries that were there, by pattern. */
  readonly before: readonly PanelQuery[];
}

const EMPTY: PanelSpec = { title: '', kind: 'line', queries: [] };

export function toDraft(spec: PanelSpec = EMPTY): PanelDraft {
  const { title, kind, queries, combine, by = '', unit, max } = spec;
  return {
    title,
    kind,
    series: queries.map(({ series }) => series).join('\n'),
    rate: queries.some(({ rate }) => rate),
    combine: combine ?? '',
    by,
    unit: unit ?? '',
    max: max === undefined ? '' : String(max),
    before: queries,
  };
}

type Field = 'title' | 'series' | 'max';

/** The panel from what stands in the fields, or what is wrong, by field. */
export function readDraft(draft: PanelDraft): { spec: PanelSpec } | { errors: Partial<Record<Field, string>> } {
  const patterns = draft.series
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const max = Number(draft.max.trim());
  const errors: Partial<Record<Field, string>> = {
    ...(draft.title.trim() === '' && { title: 'Fill this in.' }),
    ...faultOf(patterns),
    ...(!Number.isFinite(max) && { max: 'This is no number.' }),
  };
  if (Object.keys(errors).length > 0) return { errors };
  return {
    spec: {
      title: draft.title.trim(),
      kind: draft.kind,
      queries: patterns.map((series) => queryOf(series, draft)),
      ...(draft.unit && { unit: draft.unit }),
      ...(draft.combine && { combine: draft.combine }),
      ...(draft.combine && draft.by.trim() && { by: draft.by.trim() }),
      ...(draft.max.trim() && { max }),
    },
  };
}

function queryOf(series: string, { before, rate }: PanelDraft): PanelQuery {
  const { rate: _, ...known } = before.find((query) => query.series === series) ?? { series };
  return { ...known, ...(rate && { rate }) };
}

function faultOf(patterns: readonly string[]): { series?: string } {
  if (patterns.length === 0) return { series: 'Name at least one series.' };
  try {
    patterns.forEach(compileSeriesPattern);
    return {};
  } catch (error) {
    return { series: `${(error as Error).message}.` };
  }
}
