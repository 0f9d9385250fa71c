import type { RangeAnswer } from '../../shared/protocol.js';
import type { SeriesPoint } from '../../shared/series-name.js';

/** How formulas begin where people open tables: a name that begins so is a text there with an apostrophe before it. */
const FORMULA = /^[=+\-@\t\r]/;
/** A series' name: whoever sends samples chooses it. */
const nameCell = (name: string): string => (FORMULA.test(name) ? `'${name}` : name);
const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const table = (rows: readonly (readonly string[])[]): string => rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
const timeOf = (t: number): string => new Date(t).toISOString();

/** A range as a table (RFC 4180): a row per step with its start in ISO 8601, a column per series, empty where there is no value. */
export function rangeCsv({ from, to, stepMs, series }: Pick<RangeAnswer, 'from' | 'to' | 'stepMs' | 'series'>): string {
  const rows = Array.from({ length: (to - from) / stepMs + 1 }, (_, step) => [
    timeOf(from + step * stepMs),
    ...series.map(({ values }) => String(values[step] ?? '')),
  ]);
  return table([['time', ...series.map(({ name }) => nameCell(name))], ...rows]);
}

/** The latest values as a table: series, value, time. */
export function latestCsv(points: readonly SeriesPoint[]): string {
  const sorted = points.toSorted((a, b) => (a.series < b.series ? -1 : 1));
  return table([['series', 'value', 'time'], ...sorted.map(({ series, value, t }) => [nameCell(series), String(value), timeOf(t)])]);
}
