import { HubError } from './errors.js';

/** A series' name taken apart. */
export interface SeriesParts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** One value of one series; `series` is the canonical text. */
export interface SeriesPoint {
  readonly series: string;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly t: number;
}

/** Characters of a series' canonical text at most. */
export const SERIES_CHARS = 1024;

const ESCAPED = { name: /[\\{\n]/g, key: /[\\=,"\n}]/g, value: /[\\"\n]/g } as const;
const escapeAs = (text: string, part: keyof typeof ESCAPED): string =>
  text.replace(ESCAPED[part], (char) => (char === '\n' ? '\\n' : `\\${char}`));

/**
 * The one text of a series: `name`, or `name{key="value",…}` with the keys in code unit order. Values are escaped as in
 * Prometheus' exposition format (`\\`, `\"`, `\n`); in names and keys the characters that would end them are escaped alike.
 * A label with an empty value is no label, as in Prometheus.
 */
export function formatSeries(name: string, labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels)
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, value]) => `${escapeAs(key, 'key')}="${escapeAs(value, 'value')}"`);
  return pairs.length === 0 ? escapeAs(name, 'name') : `${escapeAs(name, 'name')}{${pairs.join(',')}}`;
}

/** Reads up to an unescaped `end` (or the end of the text), with escapes resolved. */
function readUntil(text: string, from: number, end: string): { value: string; next: number; ended: boolean } {
  let value = '';
  let at = from;
  while (at < text.length && text[at] !== end) {
    if (text[at] === '\\' && at + 1 < text.length) at++;
    const escaped = at > from && text[at - 1] === '\\' && text[at] === 'n' && at - 1 >= from;
    value += escaped ? '\n' : text[at];
    at++;
  }
  return { value, next: at + 1, ended: at < text.length };
}
