import type { Request, Response, Router } from 'express';
import { HubError } from '../../shared/errors.js';
import type { Principal } from '../auth/principal.js';
import { sendWritten, type WrittenAnswer } from './caching.js';
import type { Gate } from './gate.js';
import { route } from './route.js';

type Parameters = Readonly<Record<string, unknown>>;

/** What the API asks of the metric rooms; all throw HubError. */
export interface HttpMetrics {
  /** A range of series, with the query's parameters as they came. */
  query(principal: Principal, room: string, parameters: Parameters, format: RangeFormat): Promise<WrittenAnswer>;
  /** The latest value of each series. */
  latest(principal: Principal, room: string, format: LatestFormat): Promise<WrittenAnswer>;
}

/** How the latest values are written, by their media type. The first is for whoever takes anything. */
const LATEST_TYPES = {
  'text/plain': { format: 'prometheus', type: 'text/plain; version=0.0.4; charset=utf-8' },
  'application/openmetrics-text': { format: 'openmetrics', type: 'application/openmetrics-text; version=1.0.0; charset=utf-8' },
  'text/csv': { format: 'csv', type: 'text/csv; charset=utf-8' },
} as const;
export type LatestFormat = (typeof LATEST_TYPES)[keyof typeof LATEST_TYPES]['format'];
/** The same for a range. */
const RANGE_TYPES = {
  'application/json': { format: 'json', type: 'application/json; charset=utf-8' },
  'text/csv': { format: 'csv', type: 'text/csv; charset=utf-8' },
} as const;
export type RangeFormat = (typeof RANGE_TYPES)[keyof typeof RANGE_TYPES]['format'];

export interface MetricsApiOptions {
  metrics: HttpMetrics;
  gate: Gate;
}

/** Metric rooms for those who pull: a range for a chart, the latest values for a Prometheus. */
export function addMetricRoutes(router: Router, { metrics, gate }: MetricsApiOptions): void {
  route(router, '/api/metrics/:room/query', {
    get: async (req, res) => {
      const principal = await gate(req);
      const { format, type } = RANGE_TYPES[typeAsked(req, keysOf(RANGE_TYPES))];
      sendWritten(varyByType(res), await metrics.query(principal, req.params.room, req.query, format), type);
    },
  });
  route(router, '/api/metrics/:room', {
    get: async (req, res) => {
      const principal = await gate(req);
      const { format, type } = LATEST_TYPES[typeAsked(req, keysOf(LATEST_TYPES))];
      sendWritten(varyByType(res), await metrics.latest(principal, req.params.room, format), type);
    },
  });
}

const keysOf = <Key extends string>(record: Readonly<Record<Key, unknown>>) => Object.keys(record) as Key[];

const varyByType = (res: Response): Response => res.vary('Accept');

/**
 * `format=csv`, or what the reader likes best of what there is. The types' parameters (versions, escaping) do not matter here: what
 * a reader of another version is given says its own.
 */
function typeAsked<Type extends string>(req: Pick<Request, 'query' | 'accepts'>, types: readonly Type[]): Type {
  const { format } = req.query;
  if (format !== undefined && format !== 'csv') throw new HubError('invalid', 'format: only csv can be asked for here');
  const wanted = format === 'csv' ? ['text/csv'] : req.accepts();
  const known = wanted.find((type): type is Type => (types as readonly string[]).includes(type));
  return known ?? (types[0] as Type);
}
