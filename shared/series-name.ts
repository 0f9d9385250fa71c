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

interface Read {
  readonly value: string;
  readonly next: number;
}

/** Reads up to and over the first unescaped `end`, with escapes resolved; undefined when there is none. */
function readUntil(text: string, from: number, end: string): Read | undefined {
  let value = '';
  for (let at = from; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === end) return { value, next: at + 1 };
    if (char !== '\\') value += char;
    else value += text.charAt(++at) === 'n' ? '\n' : text.charAt(at);
  }
  return undefined;
}

/**
 * Takes a series' canonical text apart.
 * @throws HubError `invalid` when the text is not of that form
 */
export function parseSeries(text: string): SeriesParts {
  const head = readUntil(`${text}{`, 0, '{');
  if (!head || head.next > text.length) return { name: head?.value ?? text, labels: {} };
  const pairs: [string, string][] = [];
  let at = head.next;
  do {
    const key = readUntil(text, at, '=');
    const value = key && text[key.next] === '"' ? readUntil(text, key.next + 1, '"') : undefined;
    if (!key || !value) throw malformed(text);
    pairs.push([key.value, value.value]);
    at = value.next + 1;
  } while (text[at - 1] === ',');
  if (at !== text.length || text[at - 1] !== '}') throw malformed(text);
  return { name: head.value, labels: Object.fromEntries(pairs) };
}

const malformed = (text: string) => new HubError('invalid', `not a series: ${text.slice(0, 100)}`);
