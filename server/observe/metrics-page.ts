import type { RequestHandler } from 'express';
import type { Registry } from 'prom-client';

/** Answers with a registry's metrics in Prometheus' text format; who may read it is the caller's matter. */
export function metricsPage(registry: Registry): RequestHandler {
  return async (_req, res, next) => {
    try {
      const text = await registry.metrics();
      res.set('Content-Type', registry.contentType).set('Cache-Control', 'no-store').send(text);
    } catch (error) {
      next(error);
    }
  };
}
