import { Router } from 'express';
import { createIngestRoutes, type IngestRoutesOptions } from './ingest-routes.js';
import { createOtlpRoutes } from './otlp-routes.js';
import { createPrometheusRoutes } from './prometheus-routes.js';

/** All senders' paths. */
export function createSenderRoutes(options: IngestRoutesOptions): Router {
  return Router().use(createIngestRoutes(options)).use(createPrometheusRoutes(options)).use(createOtlpRoutes(options));
}
