import type { LogLevel } from '../../../shared/schemas.js';

/** Names of levels as logging libraries and syslog have them. */
const NAMES: Readonly<Record<string, LogLevel>> = {
  trace: 'trace',
  verbose: 'trace',
  finest: 'trace',
  debug: 'debug',
  dbg: 'debug',
  fine: 'debug',
  info: 'info',
  information: 'info',
  informational: 'info',
  notice: 'info',
  inf: 'info',
  warn: 'warn',
  warning: 'warn',
  wrn: 'warn',
  error: 'error',
  err: 'error',
  severe: 'error',
  fatal: 'fatal',
  critical: 'fatal',
  crit: 'fatal',
  alert: 'fatal',
  emerg: 'fatal',
  emergency: 'fatal',
  panic: 'fatal',
};

/** Levels of klog and glog lines by their first letter (`E0102 15:04:05.000000 …`). */
const LETTERS: Readonly<Record<string, LogLevel>> = { I: 'info', W: 'warn', E: 'error', F: 'fatal' };
/** Severities of syslog by number. Source: RFC 5424, 6.2.1. */
const SEVERITIES: readonly LogLevel[] = ['fatal', 'fatal', 'fatal', 'error', 'warn', 'info', 'info', 'debug'];

const byName = (name: string): LogLevel | undefined => {
  const key = name.toLowerCase();
  return Object.hasOwn(NAMES, key) ? NAMES[key] : undefined;
};

/** The level that a structured record gives: a name in any case, or pino's and bunyan's number (10 trace … 60 fatal). */
export function levelOf(value: unknown): LogLevel | undefined {
  if (typeof value === 'string') return byName(value.trim());
  if (typeof value !== 'number' || !(value >= 10)) return undefined;
  return (['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const)[Math.min(5, Math.floor(value / 10) - 1)];
}

/** The level of syslog's severity, 0 to 7, also as a text. */
export function severityOf(value: unknown): LogLevel | undefined {
  return typeof value === 'number' || (typeof value === 'string' && /^[0-7]$/.test(value)) ? SEVERITIES[Number(value)] : undefined;
}

/** Characters of a plain line in which its level may stand. */
const HEAD_CHARS = 160;
const ASSIGNED = /(?:^|[\s,{])"?(?:level|lvl|severity|levelname)"?[=:]\s*"?([a-z]{3,13})\b/i;
const KLOG = /^([IWEF])\d{4} \d{2}:\d{2}:\d{2}/;
const SYSLOG = /^<(\d{1,3})>/;
const BRACKETED = /[[(<|]\s*([a-z]{3,13})\s*[\])>|]/gi;
/** Capitals standing alone, or a word at the line's beginning or behind a time, followed by a colon. */
const CAPITALS = /(?:^|[\s\-:|])([A-Z]{3,11})(?=[\s:,|\]-]|$)/g;
const LEADING = /^(?:[\d\-:.,T/Z+\s]*)([a-z]{3,13}):/i;

/** The level that a plain line names in one of the common forms: `level=warn`, `[error]`, `ERROR`, `warning:`, klog's `E0102`, syslog's `<11>`. */
export function levelInText(text: string): LogLevel | undefined {
  const head = text.slice(0, HEAD_CHARS);
  const priority = SYSLOG.exec(head)?.[1];
  if (priority !== undefined && Number(priority) <= 191) return SEVERITIES[Number(priority) % 8];
  const letter = KLOG.exec(head)?.[1];
  if (letter) return LETTERS[letter];
  const assigned = ASSIGNED.exec(head)?.[1];
  const candidates = [assigned, ...named(BRACKETED, head), ...named(CAPITALS, head), LEADING.exec(head)?.[1]];
  return candidates.map((name) => (name ? byName(name) : undefined)).find((level) => level !== undefined);
}

const named = (pattern: RegExp, text: string): string[] => Array.from(text.matchAll(pattern), ([, name = '']) => name);
