import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, Router } from 'express';
import { HubError } from '../../shared/errors.js';
import type { Gate } from './gate.js';
import { type AnyRequest, route } from './route.js';

/** Who may read `/metrics`: anyone, whoever has the scraper's bearer token, or admins. */
export type MetricsAccess = { readonly for: 'anyone' } | { readonly for: 'token'; readonly token: string } | { readonly for: 'admins' };

export interface HealthOptions {
  gate: Gate;
  /** Why this instance should get no traffic, each in a few words; none when it is ready. */
  notReadyBecause(): readonly string[] | Promise<readonly string[]>;
  /** All metrics in Prometheus' text format 0.0.4. */
  metricsText(): Promise<string>;
  metricsAccess: MetricsAccess;
}

/** What orchestrators and Prometheus ask. */
export function addHealthRoutes(router: Router, options: HealthOptions): void {
  route(router, '/healthz', {
    get: (_req, res) => {
      res.set(FRESH).json({ status: 'ok' });
    },
  });
  route(router, '/readyz', {
    get: async (_req, res) => {
      const reasons = await options.notReadyBecause();
      res.set(FRESH);
      if (reasons.length === 0) res.json({ status: 'ready' });
      else res.status(503).json({ status: 'not ready', reasons });
    },
  });
  route(router, '/metrics', {
    get: async (req, res) => {
      await admitScraper(req, options);
      res.set({ ...FRESH, 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }).send(await options.metricsText());
    },
  });
}

const FRESH = { 'Cache-Control': 'no-store' };

async function admitScraper(req: AnyRequest, { gate, metricsAccess }: HealthOptions): Promise<void> {
  if (metricsAccess.for === 'token' && !isBearer(req, metricsAccess.token)) throw new HubError('unauthorized');
  if (metricsAccess.for === 'admins' && !(await gate(req)).admin) throw new HubError('forbidden', 'only an admin may read the metrics');
}

/** Compares hashes, so that the time taken says nothing about the token. */
function isBearer(req: Pick<Request, 'get'>, token: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  const given = /^Bearer +(\S+)$/i.exec(req.get('Authorization') ?? '')?.[1];
  return given !== undefined && timingSafeEqual(hash(given), hash(token));
}
