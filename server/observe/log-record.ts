import type { LogLevel, LogLine } from '../../shared/schemas.js';

/** A line as pino writes it, with its numbered level resolved. */
export interface LogRecord {
  readonly level: LogLevel;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const LEVELS: Readonly<Record<number, LogLevel>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };

/** @throws SyntaxError when the text is no JSON */
export function parseRecord(json: string): LogRecord {
  const { level, time, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  return { level: LEVELS[Number(level)] ?? 'info', time: Number(time), text: typeof msg === 'string' ? msg : '', fields };
}

/** Characters of a text and of one field in the hub's log room. */
const TEXT_CHARS = 4_000;
const FIELD_CHARS = 2_000;
const FIELDS = 40;

const cut = (text: string, chars: number): string => (text.length > chars ? `${text.slice(0, chars - 1)}…` : text);
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const plain = (value: unknown): unknown =>
  typeof value === 'object' ? cut(JSON.stringify(value) ?? '', FIELD_CHARS) : typeof value === 'string' ? cut(value, FIELD_CHARS) : value;

/** A record as a line of a log room: fields flat (`err.stack`), so that nothing is nested deeply, and of bounded size. */
export function toLogLine({ level, time, text, fields }: LogRecord, source?: string): LogLine {
  const flat = Object.entries(fields).flatMap(([key, value]) =>
    isObject(value) ? Object.entries(value).map(([inner, its]) => [`${key}.${inner}`, plain(its)]) : [[key, plain(value)]],
  );
  const line: LogLine = { text: cut(text, TEXT_CHARS), time, level };
  if (source !== undefined) line.source = source;
  if (flat.length > 0) line.fields = Object.fromEntries(flat.slice(0, FIELDS));
  return line;
}

const COLOURS: Readonly<Record<LogLevel, number>> = { trace: 90, debug: 90, info: 32, warn: 33, error: 31, fatal: 35 };
const GREY = 90;

/** Control characters could write what nobody logged, or move the reader's cursor. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
const bare = (value: unknown): string => printable(typeof value === 'string' && /^[^\s"]+$/.test(value) ? value : JSON.stringify(value));

/** A record for people: one line, and below it the stack of an error. */
export function toPrettyText({ level, time, text, fields }: LogRecord, colour: boolean): string {
  const paint = (code: number, what: string) => (colour && what !== '' ? `\u001b[${code}m${what}\u001b[0m` : what);
  const { err, ...others } = fields;
  const error = isObject(err) ? err : undefined;
  const pairs = Object.entries(others).map(([key, value]) => `${printable(key)}=${bare(value)}`);
  if (error) pairs.push(`error=${printable(JSON.stringify(error.message ?? ''))}`);
  const showsStack = error && (level === 'error' || level === 'fatal') && typeof error.stack === 'string';
  const stack = showsStack ? `\n${String(error.stack).split('\n').map(printable).join('\n')}` : '';
  const parts = [paint(GREY, clockTime(time)), paint(COLOURS[level], level.toUpperCase().padEnd(5)), printable(text)];
  return `${[...parts, paint(GREY, pairs.join(' '))].filter(Boolean).join(' ')}${paint(GREY, stack)}\n`;
}

/** `12:34:56.789` of this machine's day. */
function clockTime(time: number): string {
  const date = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
