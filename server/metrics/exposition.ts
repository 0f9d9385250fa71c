import type { RoomName } from '../../shared/rooms.js';
import type { SeriesPoint } from '../../shared/series-name.js';
import { partsOf } from '../../shared/series-pattern.js';
import type { RoomLog } from '../log/room-log.js';
import { samplesBackwards } from './log-samples.js';
import { eachSample } from './sample-columns.js';

/** As in Prometheus: a series without a sample for five minutes has no current value. */
const STALE_MS = 5 * 60_000;
const MAX_VALUES = 5_000_000;

/**
 * The latest value of each series that a room had in the last `ageMs`.
 * @throws HubError as `RoomLog.read`
 */
export async function latestSamples(options: {
  readonly log: Pick<RoomLog, 'read'>;
  readonly room: RoomName;
  readonly now: number;
  readonly ageMs?: number;
}): Promise<SeriesPoint[]> {
  const { log, room, now, ageMs = STALE_MS } = options;
  const latest = new Map<string, SeriesPoint>();
  for await (const page of samplesBackwards({ log, room, since: now - ageMs, maxValues: MAX_VALUES })) {
    for (const columns of page) {
      eachSample(columns, (series, value, t) => {
        if (t >= now - ageMs && t > (latest.get(series)?.t ?? Number.NEGATIVE_INFINITY)) latest.set(series, { series, value, t });
      });
    }
  }
  return [...latest.values()];
}

const nameOf = (name: string): string => name.replace(/[^a-zA-Z0-9_:]/g, '_').replace(/^(?=[0-9])/, '_');
const labelOf = (name: string): string => name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=[0-9])/, '_');
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };
const escapeValue = (text: string): string => text.replace(/[\\"\n]/g, (char) => ESCAPES[char] ?? char);

function lineOf(series: string): { family: string; key: string } {
  const { name, labels } = partsOf(series);
  const family = nameOf(name);
  const pairs = new Map(Object.entries(labels).map(([label, value]) => [labelOf(label), `${labelOf(label)}="${escapeValue(value)}"`]));
  return { family, key: pairs.size === 0 ? family : `${family}{${[...pairs.values()].join(',')}}` };
}

/** What Prometheus reads: its text format 0.0.4, and OpenMetrics 1.0, which has other words and counts time in seconds. */
const FORMATS = {
  prometheus: { untyped: 'untyped', time: (t: number) => String(Math.round(t)), end: '' },
  openmetrics: { untyped: 'unknown', time: (t: number) => String(Math.round(t) / 1_000), end: '# EOF\n' },
};

/**
 * Samples in a format of Prometheus, each with its time; characters that its names cannot have become `_`. Of series that
 * become one by that, the newest value stands. Sources: prometheus.io/docs/instrumenting/exposition_formats and
 * github.com/prometheus/OpenMetrics, version 1.0.
 */
export function exposition(points: readonly SeriesPoint[], format: keyof typeof FORMATS = 'prometheus'): string {
  const { untyped, time, end } = FORMATS[format];
  const families = new Map<string, Map<string, SeriesPoint>>();
  for (const point of points) {
    const { family, key } = lineOf(point.series);
    const lines = families.get(family) ?? new Map<string, SeriesPoint>();
    families.set(family, lines);
    if (point.t >= (lines.get(key)?.t ?? point.t)) lines.set(key, point);
  }
  const text = [...families]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([family, lines]) => {
      const samples = [...lines].map(([key, { value, t }]) => `${key} ${value} ${time(t)}\n`);
      return `# TYPE ${family} ${untyped}\n${samples.join('')}`;
    });
  return text.join('') + end;
}
