import { bytes, count, duration } from '../lib/format.js';

/** What a series measures; decides how its values are written and where its axis starts. */
export type Unit =
  | 'percent'
  | 'ratio'
  | 'bytes'
  | 'bytesPerSecond'
  | 'bitsPerSecond'
  | 'milliseconds'
  | 'seconds'
  | 'perSecond'
  | 'celsius'
  | 'count';

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
    case 'count':
      return count(value);
  }
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
  [/(_seconds|_secs?)$/, 'seconds'],
  [/(celsius|_temp_c)$/, 'celsius'],
];

/** The unit that a metric's name tells; without one, a plain number. */
export function unitOf(name: string): Unit {
  return ENDINGS.find(([ending]) => ending.test(name))?.[1] ?? 'count';
}
