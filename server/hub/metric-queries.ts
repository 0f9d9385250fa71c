import type { RoomName } from '../../shared/rooms.js';
import type { Principal } from '../auth/principal.js';
import type { Cache } from '../cache/cache.js';
import type { Config } from '../config.js';
import type { Engines } from '../engines.js';
import type { HttpMetrics } from '../http/metrics-api.js';
import { readInput } from '../http/route.js';
import { latestCsv, rangeCsv } from '../metrics/csv.js';
import { exposition, latestSamples } from '../metrics/exposition.js';
import { type MetricRange, queryRange, rangeQuerySchema } from '../metrics/metric-range.js';
import type { Rollups } from '../metrics/range-source.js';

export interface MetricQueriesOptions {
  readonly engines: Pick<Engines, 'log'>;
  readonly cache: Pick<Cache, 'read'>;
  readonly config: Pick<Config, 'cacheTtlMs'>;
  readonly rollups: Rollups | undefined;
  admitReader(principal: Principal, room: string): Promise<{ room: RoomName }>;
}

/** What metric rooms had, for whoever pulls; one computation for all who ask the same. */
export function metricQueries({ engines, cache, config, rollups, admitReader }: MetricQueriesOptions): HttpMetrics {
  const { log } = engines;
  const ttlMs = config.cacheTtlMs;
  const query = async (principal: Principal, text: string, parameters: Readonly<Record<string, unknown>>): Promise<MetricRange> => {
    const { room } = await admitReader(principal, text);
    const asked = readInput(rangeQuerySchema, parameters);
    const compute = () => queryRange({ ...asked, log, room, rollups, now: Date.now() });
    return cache.read(`range ${room} ${JSON.stringify(asked)}`, { ttlMs, compute });
  };
  return {
    query,
    queryCsv: async (principal, text, parameters) => rangeCsv(await query(principal, text, parameters)),
    latest: async (principal, text, format) => {
      const { room } = await admitReader(principal, text);
      const points = await cache.read(`latest ${room}`, { ttlMs, compute: () => latestSamples({ log, room, now: Date.now() }) });
      return format === 'csv' ? latestCsv(points) : exposition(points, format);
    },
  };
}
