import type { RangeAnswer } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { Principal } from '../auth/principal.js';
import type { Cache } from '../cache/cache.js';
import type { Config } from '../config.js';
import type { Engines } from '../engines.js';
import type { HttpMetrics } from '../http/metrics-api.js';
import { readInput } from '../http/route.js';
import { latestCsv, rangeCsv } from '../metrics/csv.js';
import { exposition, latestSamples } from '../metrics/exposition.js';
import { queryRange, type RangeQuery, rangeQuerySchema } from '../metrics/metric-range.js';
import type { Rollups } from '../metrics/range-source.js';
import type { MetricCalls } from '../socket/metric-events.js';

export interface MetricQueriesOptions {
  readonly engines: Pick<Engines, 'log'>;
  readonly cache: Pick<Cache, 'read'>;
  readonly config: Pick<Config, 'cacheTtlMs'>;
  readonly rollups: Rollups | undefined;
  admitReader(principal: Principal, room: string): Promise<{ room: RoomName }>;
}

export interface MetricQueries extends HttpMetrics, MetricCalls {}

/** Values of one answer over Socket.IO, where it goes ahead of what the connection has to be told meanwhile. */
const EVENT_VALUES = 100_000;

/** What metric rooms had, for whoever asks; one computation for all who ask the same. */
export function metricQueries({ engines, cache, config, rollups, admitReader }: MetricQueriesOptions): MetricQueries {
  const { log } = engines;
  const ttlMs = config.cacheTtlMs;
  const read = (room: RoomName, asked: RangeQuery, valuesMax?: number): Promise<RangeAnswer> => {
    const compute = () => queryRange({ ...asked, log, room, rollups, now: Date.now(), ...(valuesMax && { valuesMax }) });
    return cache.read(`range ${valuesMax ?? ''} ${room} ${JSON.stringify(asked)}`, { ttlMs, compute });
  };
  const query = async (principal: Principal, text: string, parameters: Readonly<Record<string, unknown>>): Promise<RangeAnswer> => {
    const { room } = await admitReader(principal, text);
    return read(room, readInput(rangeQuerySchema, parameters));
  };
  return {
    query,
    queryCsv: async (principal, text, parameters) => rangeCsv(await query(principal, text, parameters)),
    latest: async (principal, text, format) => {
      const { room } = await admitReader(principal, text);
      const points = await cache.read(`latest ${room}`, { ttlMs, compute: () => latestSamples({ log, room, now: Date.now() }) });
      return format === 'csv' ? latestCsv(points) : exposition(points, format);
    },
    range: async (principal, { room: text, series = [], aggregate = 'avg', ...asked }) => {
      const { room } = await admitReader(principal, text);
      return read(room, { ...asked, series, aggregate }, EVENT_VALUES);
    },
  };
}
