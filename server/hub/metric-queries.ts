import type { RangeAnswer } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { Principal } from '../auth/principal.js';
import type { Cache } from '../cache/cache.js';
import type { Config } from '../config.js';
import type { Engines } from '../engines/engines.js';
import { etagOf } from '../http/caching.js';
import type { HttpMetrics } from '../http/metrics-api.js';
import { readInput } from '../http/route.js';
import { latestCsv, rangeCsv } from '../metrics/csv.js';
import { exposition, latestSamples } from '../metrics/exposition.js';
import { queryRange, type RangeQuery, rangeQuerySchema } from '../metrics/metric-range.js';
import type { Rollups } from '../metrics/range-source.js';
import type { MetricCalls } from '../socket/metric-events.js';

export interface MetricQueriesOptions {
  readonly engines: Pick<Engines, 'log'>;
  readonly cache: Pick<Cache, 'read' | 'readEntry'>;
  readonly config: Pick<Config, 'cacheTtlMs'>;
  readonly rollups: Rollups | undefined;
  admitReader(principal: Principal, room: string): Promise<{ room: RoomName }>;
}

export interface MetricQueries extends HttpMetrics, MetricCalls {}

/** Values of one answer over Socket.IO, where it goes ahead of what the connection has to be told meanwhile. */
const EVENT_VALUES = 100_000;

/** What metric rooms had, for whoever asks; computed, and for HTTP written, once for all who ask the same. */
export function metricQueries({ engines, cache, config, rollups, admitReader }: MetricQueriesOptions): MetricQueries {
  const { log } = engines;
  const kept = { ttlMs: config.cacheTtlMs, staleMs: config.cacheTtlMs };
  const compute = (room: RoomName, asked: RangeQuery, valuesMax?: number): Promise<RangeAnswer> =>
    queryRange({ ...asked, log, room, rollups, now: Date.now(), ...(valuesMax && { valuesMax }) });
  const written = async (key: string, write: () => Promise<string>) => {
    const answer = async () => {
      const text = await write();
      return { text, etag: etagOf(text) };
    };
    const { value, freshUntil } = await cache.readEntry(key, { ...kept, compute: answer });
    return { ...value, freshUntil };
  };
  return {
    query: async (principal, text, parameters, format) => {
      const { room } = await admitReader(principal, text);
      const asked = readInput(rangeQuerySchema, parameters);
      const write = format === 'csv' ? rangeCsv : JSON.stringify;
      return written(`range ${format} ${room} ${JSON.stringify(asked)}`, async () => write(await compute(room, asked)));
    },
    latest: async (principal, text, format) => {
      const { room } = await admitReader(principal, text);
      const write = format === 'csv' ? latestCsv : (points: Parameters<typeof exposition>[0]) => exposition(points, format);
      return written(`latest ${format} ${room}`, async () => write(await latestSamples({ log, room, now: Date.now() })));
    },
    range: async (principal, { room: text, series = [], aggregate = 'avg', ...query }) => {
      const { room } = await admitReader(principal, text);
      const asked = { ...query, series, aggregate };
      return cache.read(`range ${room} ${JSON.stringify(asked)}`, { ...kept, compute: () => compute(room, asked, EVENT_VALUES) });
    },
  };
}
