import { HubError } from '../../shared/errors.js';
import { formatSeries } from '../../shared/series-name.js';
import type { ParsedSample } from './parsed.js';

/** Milliseconds of one unit of a line's timestamp, by the names that the `precision` parameter has in InfluxDB 1 and 2. */
const PRECISIONS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  n: 1e-6,
  us: 1e-3,
  u: 1e-3,
  µ: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** @throws HubError `invalid` for a precision that InfluxDB does not know */
export function precisionMs(name: string | undefined): number {
  const unit = name || 'ns';
  const unitMs = Object.hasOwn(PRECISIONS_MS, unit) ? PRECISIONS_MS[unit] : undefined;
  if (unitMs === undefined) throw new HubError('invalid', 'precision is one of ns, us, ms, s, m, h');
  return unitMs;
}

const SPACE = ' ';
const INTEGER = /^[+-]?\d+$/;
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const BOOLEANS: Readonly<Record<string, number>> = { t: 1, T: 1, true: 1, True: 1, TRUE: 1, f: 0, F: 0, false: 0, False: 0, FALSE: 0 };

/**
 * Samples of one line of InfluxDB's line protocol: a field `f` of measurement `m` is the series `m_f{tags}`, booleans are 1 and 0; fields
 * that are texts have no value to show and are left out. A blank line and a comment have none. Source:
 * docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol.
 * @throws HubError `invalid` that says what is wrong
 */
export function parseInfluxLine(text: string, line: number, unitMs: number, now: number): ParsedSample[] {
  const start = skipSpaces(text, 0);
  if (start >= text.length || text[start] === '#') return [];
  const measurement = readKey(text, start, ', ');
  if (measurement.value === '') throw invalid('no measurement');
  const tags = readTags(text, measurement.end);
  const fields = readFields(text, skipSpaces(text, tags.end));
  const t = readTime(text.slice(fields.end).trim(), unitMs, now);
  return fields.values.map(([field, value]) => ({ line, series: formatSeries(`${measurement.value}_${field}`, tags.labels), value, t }));
}

/** Whether a line ends within a text field, so that the next line of the body belongs to it. */
export function endsWithinText(text: string): boolean {
  const start = skipSpaces(text, 0);
  if (!text.includes('"', start) || text[start] === '#') return false;
  // Quotes have a meaning in the fields only, behind the first space that is not escaped.
  let at = start;
  while (at < text.length && text[at] !== SPACE) at += text[at] === '\\' ? 2 : 1;
  let within = false;
  for (let before = ''; at < text.length; at++) {
    const char = text.charAt(at);
    // A text begins right behind the `=` of its field; a quote elsewhere outside of one is an ordinary character.
    if (char === '"') within = !within && before === '=';
    before = char;
    if (char === '\\') at++;
  }
  return within;
}

const invalid = (why: string) => new HubError('invalid', why);

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (text[at] === SPACE || text[at] === '\t') at++;
  return at;
}

/** Reads up to one of `ends` that is not escaped. A backslash before `,`, `=` or a space makes it an ordinary character, else it is one itself. */
function readKey(text: string, from: number, ends: string): { value: string; end: number } {
  let value = '';
  let at = from;
  for (; at < text.length && !ends.includes(text.charAt(at)); at++) {
    if (text[at] === '\\' && at + 1 < text.length && ',= '.includes(text.charAt(at + 1))) at++;
    value += text.charAt(at);
  }
  return { value, end: at };
}

function readTags(text: string, from: number): { labels: Record<string, string>; end: number } {
  const tags = new Map<string, string>();
  let at = from;
  while (text[at] === ',') {
    const key = readKey(text, at + 1, ',= ');
    if (key.value === '' || text[key.end] !== '=') throw invalid('a tag has no key or no value');
    const value = readKey(text, key.end + 1, ',= ');
    if (value.value === '' || text[value.end] === '=') throw invalid(`tag ${key.value} has no value or more than one`);
    if (tags.has(key.value)) throw invalid(`tag ${key.value} stands twice`);
    tags.set(key.value, value.value);
    at = value.end;
  }
  return { labels: Object.fromEntries(tags), end: at };
}

function readFields(text: string, from: number): { values: [string, number][]; end: number } {
  const values: [string, number][] = [];
  let at = from - 1;
  do {
    const key = readKey(text, at + 1, ',= ');
    if (key.value === '' || text[key.end] !== '=') throw invalid('a field has no name or no value');
    const value = readValue(text, key.end + 1, key.value);
    if (value.number !== undefined) values.push([key.value, value.number]);
    at = value.end;
  } while (text[at] === ',');
  if (at < text.length && text[at] !== SPACE) throw invalid('something follows a field');
  return { values, end: at };
}

function readValue(text: string, from: number, field: string): { number?: number; end: number } {
  if (text[from] === '"') {
    let at = from + 1;
    while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    if (at >= text.length) throw invalid(`the text of field ${field} has no end`);
    return { end: at + 1 };
  }
  let end = from;
  while (end < text.length && text[end] !== ',' && text[end] !== SPACE) end++;
  const number = toNumber(text.slice(from, end));
  if (number === undefined) throw invalid(`field ${field} is no number, boolean or text in quotes`);
  return { number, end };
}

/** A float, an integer (`5i`), an unsigned one (`5u`) or a boolean. */
function toNumber(text: string): number | undefined {
  if (FLOAT.test(text)) {
    const number = Number(text);
    return Number.isFinite(number) ? number : undefined;
  }
  const digits = text.slice(0, -1);
  if (text.endsWith('i') && INTEGER.test(digits)) return Number(digits);
  if (text.endsWith('u') && /^\d+$/.test(digits)) return Number(digits);
  return Object.hasOwn(BOOLEANS, text) ? BOOLEANS[text] : undefined;
}

function readTime(text: string, unitMs: number, now: number): number {
  if (text === '') return now;
  if (!INTEGER.test(text)) throw invalid('the timestamp is no whole number');
  return Math.round(Number(text) * unitMs);
}
