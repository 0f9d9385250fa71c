import { HubError } from '../../shared/errors.js';
import { formatSeries } from '../../shared/series-name.js';
import type { ParsedSample } from './parsed.js';
import { RecentMap } from './recent-map.js';
import { SenderRooms } from './sender-rooms.js';

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
const COMMA = 44;
const EQUALS = 61;
const BACKSLASH = 92;
const INTEGER = /^[+-]?\d+$/;
const BOOLEANS: Readonly<Record<string, number>> = { t: 1, T: 1, true: 1, True: 1, TRUE: 1, f: 0, F: 0, false: 0, False: 0, FALSE: 0 };

/** Characters of the line heads, fields and series that are kept, all together. */
const CACHE_CHARS = 32 * 1024 * 1024;
/** What an entry takes beside its characters, roughly. */
const ENTRY_CHARS = 128;
/** Fields of one head that are kept: a measurement has some, and a sender that makes them up gets no more memory. */
const FIELDS_KEPT = 256;

/** Measurement and tags of a line, with what was made of them. */
interface Head {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  /** The room that a rule gives it. */
  readonly room: string | undefined;
  /** By a field's name as it stands in a line. */
  readonly series: Map<string, string>;
}

/** Reads lines of InfluxDB's line protocol; measurement and tags that came before are recognised as a whole. */
export class InfluxReader {
  readonly #heads = new RecentMap<string, Head>(CACHE_CHARS);

  /** @param rooms whose rules say where a line's samples go */
  constructor(private readonly rooms = new SenderRooms()) {}

  /**
   * Samples of one line: a field `f` of measurement `m` is the series `m_f{tags}`, booleans are 1 and 0; fields that are texts have no value
   * to show and are left out. A blank line and a comment have none. Source: docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol.
   * @param now the time of a line that has none
   * @throws HubError `invalid` that says what is wrong
   */
  read(text: string, line: number, unitMs: number, now: number): ParsedSample[] {
    const start = skipSpaces(text, 0);
    if (start >= text.length || text[start] === '#') return [];
    const headEnd = endOfHead(text, start);
    const head = this.#headOf(text.slice(start, headEnd));
    const fields = readFields(text, skipSpaces(text, headEnd));
    const t = readTime(text.slice(fields.end).trim(), unitMs, now);
    const { room } = head;
    return fields.values.map(([field, value]) => ({ line, room, series: this.#seriesOf(head, field), value, t }));
  }

  #headOf(text: string): Head {
    const known = this.#heads.get(text);
    if (known) return known;
    const measurement = readKey(text, 0, ', ');
    if (measurement.value === '') throw invalid('no measurement');
    const tags = readTags(text, measurement.end);
    const labelOf = (key: string) => (key === '__name__' ? measurement.value : Object.hasOwn(tags, key) ? tags[key] : undefined);
    const head: Head = { measurement: measurement.value, tags, room: this.rooms.byRule('samples', labelOf), series: new Map() };
    this.#heads.set(copyOf(text), head, 2 * text.length + ENTRY_CHARS);
    return head;
  }

  #seriesOf({ measurement, tags, series: known }: Head, field: string): string {
    const found = known.get(field);
    if (found !== undefined) return found;
    const series = formatSeries(`${measurement}_${readKey(field, 0, '').value}`, tags);
    if (known.size < FIELDS_KEPT) {
      known.set(copyOf(field), series);
      this.#heads.grow(field.length + series.length + ENTRY_CHARS);
    }
    return series;
  }
}

/** A text of its own: a part of another one keeps the whole of it in memory. */
const copyOf = (text: string): string => Buffer.from(text).toString();

/** Up to the first space that is not escaped. */
function endOfHead(text: string, start: number): number {
  let end = text.indexOf(SPACE, start);
  while (end > start && text.charCodeAt(end - 1) === BACKSLASH) end = text.indexOf(SPACE, end + 1);
  return end < 0 ? text.length : end;
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

function readTags(text: string, from: number): Record<string, string> {
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
  return Object.fromEntries(tags);
}

/** The fields with their names as they stand there, escapes included. */
function readFields(text: string, from: number): { values: [string, number][]; end: number } {
  const values: [string, number][] = [];
  let at = from - 1;
  do {
    const keyEnd = endOfFieldKey(text, at + 1);
    if (keyEnd === at + 1 || text.charCodeAt(keyEnd) !== EQUALS) throw invalid('a field has no name or no value');
    const field = text.slice(at + 1, keyEnd);
    const value = readValue(text, keyEnd + 1, field);
    if (value.number !== undefined) values.push([field, value.number]);
    at = value.end;
  } while (text.charCodeAt(at) === COMMA);
  if (at < text.length && text[at] !== SPACE) throw invalid('something follows a field');
  return { values, end: at };
}

/** Up to the first comma, equals sign or space that is not escaped. */
function endOfFieldKey(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const ends = code === EQUALS || code === COMMA || code === 32;
    if (ends && (at === from || text.charCodeAt(at - 1) !== BACKSLASH)) return at;
  }
  return text.length;
}

function readValue(text: string, from: number, field: string): { number?: number; end: number } {
  if (text[from] === '"') {
    let at = from + 1;
    while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    if (at >= text.length) throw invalid(`the text of field ${field} has no end`);
    return { end: at + 1 };
  }
  let end = from;
  let isNumber = true;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === COMMA || code === 32) break;
    isNumber &&= NUMERALS.has(code);
  }
  const number = toNumber(text.slice(from, end), isNumber);
  if (number === undefined) throw invalid(`field ${field} is no number, boolean or text in quotes`);
  return { number, end };
}

/** What a float is written with. Of texts of these alone JavaScript reads as numbers what the protocol does. */
const NUMERALS = new Set([...'0123456789+-.eE'].map((char) => char.charCodeAt(0)));

/** A float, an integer (`5i`), an unsigned one (`5u`) or a boolean. */
function toNumber(text: string, isNumber: boolean): number | undefined {
  if (isNumber) {
    const number = text === '' ? Number.NaN : Number(text);
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
