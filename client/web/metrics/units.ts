import { bytes, count, duration, fullTime } from '../lib/format.js';

/** What a series measures; decides how its values are written and where its axis starts. */
export const UNITS = [
  'count',
  'percent',
  'ratio',
  'bytes',
  'bytesPerSecond',
  'bitsPerSecond',
  'milliseconds',
  'seconds',
  'perSecond',
  'celsius',
  'date',
] as const;
export type Unit = (typeof UNITS)[number];

/** The units as people read them. */
export const UNIT_NAMES: Readonly<Record<Unit, string>> = {
  count: 'Number',
  percent: 'Percent, 0 to 100',
  ratio: 'Share, 0 to 1',
  bytes: 'Bytes',
  bytesPerSecond: 'Bytes per second',
  bitsPerSecond: 'Bits per second',
  milliseconds: 'Milliseconds',
  seconds: 'Seconds',
  perSecond: 'Per second',
  celsius: 'Degrees Celsius',
  date: 'Date, in seconds since 1970',
};

export function formatValue(value: number, unit: Unit): string {
  switch (unit) {
    case 'percent':
      return `${Number(value.toFixed(Math.abs(value) < 10 ? 1 : 0))} %`;
    case 'ratio':
      return formatValue(value * 100, 'percent');
    case 'bytes':
      return bytes(value);
    case 'bytesPerSecond':
      return `${bytes(value)}/s`;
    case 'bitsPerSecond':
      return `${count(value)}bit/s`;
    case 'milliseconds':
      return value < 10 && value >= 0 ? `${Number(value.toFixed(value < 1 ? 2 : 1))} ms` : duration(value);
    case 'seconds':
      return formatValue(value * 1000, 'milliseconds');
    case 'perSecond':
      return `${count(value)}/s`;
    case 'celsius':
      return `${value.toFixed(1)} °C`;
    case 'date':
      return fullTime(value * 1000);
    case 'count':
      return count(value);
  }
}

/** The unit of what a counter rises by in a second: seconds per second are a share of the time. */
export function rateUnit(unit: Unit): Unit {
  return unit === 'bytes' ? 'bytesPerSecond' : unit === 'seconds' ? 'ratio' : unit === 'count' ? 'perSecond' : unit;
}

/** Endings of metric names and what they say, in the conventions of Prometheus, Telegraf and OpenTelemetry; the longest first. */
const ENDINGS: readonly (readonly [ending: RegExp, unit: Unit])[] = [
  [/bytes(_per_second|_per_sec|_rate|ps)$/, 'bytesPerSecond'],
  [/(bits(_per_second|_per_sec)?|bps)$/, 'bitsPerSecond'],
  [/(_per_second|_per_sec|_rate|ps)$/, 'perSecond'],
  [/bytes$/, 'bytes'],
  [/(percent|_pct|usage_[a-z]+)$/, 'percent'],
  [/(ratio|_fraction)$/, 'ratio'],
  [/(_ms|millis|milliseconds)$/, 'milliseconds'],
  [/(boot|start|expir[a-z]*|modification|success|timestamp)(_time|_at)?(_timestamp)?_seconds$/, 'date'],
  [/(_seconds|_secs?)$/, 'seconds'],
  [/(celsius|_temp_c)$/, 'celsius'],
];

/** The unit that a metric's name tells; without one, a plain number. What a counter counts stands before its ending. */
export function unitOf(name: string): Unit {
  const counted = name.replace(/_(total|sum)$/, '');
  return ENDINGS.find(([ending]) => ending.test(counted))?.[1] ?? 'count';
}

/**
 * Whether a metric's name says that it only rises, in the conventions of Prometheus and OpenTelemetry. Anything may be called a count:
 * it is a counter where there is a sum too.
 */
export function isCounter(name: string, metrics: ReadonlySet<string>): boolean {
  if (/(_total|_bucket)$/.test(name)) return true;
  const base = name.replace(/_(count|sum)$/, '');
  return base !== name && metrics.has(`${base}_count`) && metrics.has(`${base}_sum`);
}
