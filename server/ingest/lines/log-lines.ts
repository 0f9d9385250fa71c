import { HubError } from '../../../shared/errors.js';
import type { LogLine } from '../../../shared/schemas.js';
import { splitAnsi } from './log-ansi.js';
import { levelInText, levelOf, severityOf } from './log-level.js';
import { readLogfmt, readSyslog, sourceInText } from './log-shapes.js';

/** Keys under which logging libraries and shippers put what a line has, most usual first. */
const KEYS = {
  text: ['text', 'msg', 'message', 'line', 'log', 'short_message', 'MESSAGE', 'event'],
  time: ['time', 'timestamp', '@timestamp', 'ts', 't', 'datetime', 'date', '__REALTIME_TIMESTAMP'],
  level: ['level', 'severity', 'lvl', 'levelname', 'loglevel', 'log.level', 'detected_level'],
  source: ['source', 'logger', 'service', 'service.name', 'app', 'name', 'container_name', 'SYSLOG_IDENTIFIER'],
} as const;

const SOURCE_CHARS = 256;
/** Seconds, milliseconds, microseconds and nanoseconds since 1970 are told apart by size: years 1973 to 5138 in seconds. */
const SECONDS_MAX = 1e11;

type Fields = Record<string, unknown>;
const isRecord = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Milliseconds since 1970 of a number in whatever unit, or of an ISO 8601 text with its zone. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === 'string') return /^\d+(\.\d+)?$/.test(value) ? timeOf(Number(value)) : isoTime(value);
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) return undefined;
  if (value < SECONDS_MAX) return value * 1e3;
  if (value < SECONDS_MAX * 1e3) return value;
  if (value < SECONDS_MAX * 1e6) return value / 1e3;
  return value < SECONDS_MAX * 1e9 ? value / 1e6 : undefined;
}

const ISO = /^\[?(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:[.,](\d{1,9}))?\s?(Z|[+-]\d{2}:?\d{2})/;

/** A time without a zone could be anywhere: it is none. */
function isoTime(text: string): number | undefined {
  const [, date, clock, fraction = '0', zone = ''] = ISO.exec(text) ?? [];
  if (date === undefined) return undefined;
  const offset = zone === 'Z' || zone.includes(':') ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`;
  const time = Date.parse(`${date}T${clock}.${fraction.padEnd(3, '0').slice(0, 3)}${offset}`);
  return Number.isNaN(time) ? undefined : time;
}

/** Takes the first of the keys whose value can be used out of the fields. */
function take<T>(fields: Fields, keys: readonly string[], read: (value: unknown) => T | undefined): T | undefined {
  for (const key of keys) {
    const value = Object.hasOwn(fields, key) ? read(fields[key]) : undefined;
    if (value === undefined) continue;
    delete fields[key];
    return value;
  }
  return undefined;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const sourceOf = (value: unknown): string | undefined => textOf(value)?.slice(0, SOURCE_CHARS) || undefined;

/**
 * A line out of a JSON object: text, time, level and source by the names that loggers give them, the rest as fields; ours is
 * `{ text, time?, level?, source?, fields? }`. A text is a line as it is; any other JSON value is the text itself.
 */
export function lineFromJson(json: unknown, now: number): LogLine {
  if (typeof json === 'string') return lineFromText(json, now);
  return isRecord(json) ? lineFromRecord(json, now) : { text: JSON.stringify(json), time: now };
}

function lineFromRecord(record: Fields, now: number): LogLine {
  const fields = { ...record };
  const given = take(fields, KEYS.text, textOf);
  const { text, spans } = splitAnsi(given?.replace(/\r?\n$/, '') ?? '');
  const line: LogLine = { text, time: take(fields, KEYS.time, timeOf) ?? now };
  const level = take(fields, KEYS.level, levelOf) ?? take(fields, ['PRIORITY'], severityOf) ?? levelInText(text);
  const source = take(fields, KEYS.source, sourceOf);
  const own = isRecord(fields.fields) && given !== undefined ? fields.fields : undefined;
  if (own) delete fields.fields;
  const rest = { ...fields, ...own, ...(spans.length > 0 && { ansi: spans }) };
  if (level !== undefined) line.level = level;
  if (source !== undefined) line.source = source;
  if (Object.keys(rest).length > 0) line.fields = rest;
  return line;
}

/**
 * A line of text. One of logfmt or syslog is taken apart; any other keeps its text as it came, less the escapes of terminals, whose colours are
 * the field `ansi` (`[from, to, sgr]` each), with time, level and source where they are recognised.
 */
function lineFromText(given: string, now: number): LogLine {
  const { text, spans } = splitAnsi(given);
  const record = readSyslog(text) ?? readLogfmt(text);
  // Where pairs have no message, the line itself is what there is to show.
  if (record) return lineFromRecord(KEYS.text.some((key) => Object.hasOwn(record, key)) ? record : { text, ...record }, now);
  const line: LogLine = { text, time: timeOf(ISO.exec(text)?.[0]) ?? now };
  const level = levelInText(text);
  const source = sourceInText(text);
  if (level !== undefined) line.level = level;
  if (source !== undefined) line.source = source;
  if (spans.length > 0) line.fields = { ansi: spans };
  return line;
}

/** A line of a body: a JSON object where it is one, else text. Undefined for a blank line. */
export function parseLogLine(text: string, now: number): LogLine | undefined {
  if (text.trim() === '') return undefined;
  if (!text.trimStart().startsWith('{')) return lineFromText(text, now);
  try {
    return lineFromJson(JSON.parse(text), now);
  } catch {
    return lineFromText(text, now);
  }
}

/** @throws HubError `invalid` or `too_deep` for what must not be handed to readers */
export type CheckPayload = (value: unknown) => void;

/**
 * Holds a line to what a room's readers can be given.
 * @throws HubError `too_large`, or as `checkPayload`
 */
export function checkLine(line: LogLine, { maxLineBytes, checkPayload }: { maxLineBytes: number; checkPayload: CheckPayload }): void {
  if (line.fields) checkPayload(line.fields);
  const fieldBytes = line.fields ? JSON.stringify(line.fields).length : 0;
  if (Buffer.byteLength(line.text) + fieldBytes > maxLineBytes) throw new HubError('too_large', `a line has at most ${maxLineBytes} bytes`);
}
