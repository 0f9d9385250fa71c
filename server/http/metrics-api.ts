import type { Request, Router } from 'express';
import type { Principal } from '../auth/principal.js';
import { keepPrivately } from './caching.js';
import type { Gate } from './gate.js';
import { route } from './route.js';

/** What the API asks of the metric rooms; all throw HubError. */
export interface HttpMetrics {
  /** A range of series, with the query's parameters as they came; gives JSON. */
  query(principal: Principal, room: string, parameters: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** The latest value of each series, in Prometheus' text format 0.0.4. */
  exposition(principal: Principal, room: string): Promise<string>;
}

export interface MetricsApiOptions {
  metrics: HttpMetrics;
  gate: Gate;
  /** Seconds for which a reader may keep a range. */
  rangeMaxAgeSeconds: number;
}

/** Metric rooms for those who pull: a range for a chart, the latest values for a Prometheus. */
export function addMetricRoutes(router: Router, { metrics, gate, rangeMaxAgeSeconds }: MetricsApiOptions): void {
  route(router, '/api/metrics/:room/query', {
    get: async (req, res) => {
      const principal = await gate(req);
      const range = await metrics.query(principal, req.params.room, req.query as Request['query']);
      keepPrivately(res, rangeMaxAgeSeconds).json(range);
    },
  });
  route(router, '/api/metrics/:room', {
    get: async (req, res) => {
      const principal = await gate(req);
      const text = await metrics.exposition(principal, req.params.room);
      res.set({ 'Cache-Control': 'no-store', 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }).send(text);
    },
  });
}
