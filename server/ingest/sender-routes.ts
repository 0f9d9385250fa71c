import { Router } from 'express';
import { createIngestRoutes, type IngestRoutesOptions } from './ingest-routes.js';
import { createLokiRoutes } from './loki/routes.js';
import { createOtlpRoutes } from './otlp/routes.js';
import { createPrometheusRoutes } from './prometheus/routes.js';

/** All senders' paths. */
export function createSenderRoutes(options: IngestRoutesOptions): Router {
  const routes = [createIngestRoutes, createPrometheusRoutes, createOtlpRoutes, createLokiRoutes];
  return Router().use(routes.map((create) => create(options)));
}
