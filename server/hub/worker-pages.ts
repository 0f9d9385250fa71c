import { createServer, type Server } from 'node:http';
import express, { Router } from 'express';
import { HubError } from '../../shared/errors.js';
import { errorAnswers, noSuchPath } from '../http/errors.js';
import { addHealthRoutes, type HealthOptions } from '../http/health.js';
import type { HttpLog } from '../http/request-log.js';

/** What orchestrators and Prometheus ask a worker: it has no other pages, and no users whose tokens it could know. */
export function createWorkerServer({ log, ...health }: Omit<HealthOptions, 'gate'> & { log: HttpLog }): Server {
  const router = Router();
  const gate = async () => {
    throw new HubError('unauthorized', "a worker's metrics need the metricsToken where it is not bound to loopback");
  };
  addHealthRoutes(router, { ...health, gate });
  const app = express().disable('x-powered-by').use(router).use(noSuchPath).use(errorAnswers(log));
  return createServer(app);
}
