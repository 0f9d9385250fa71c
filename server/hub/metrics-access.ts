import { isLoopback } from '../auth/loopback.js';
import type { Config } from '../config.js';
import type { MetricsAccess } from '../http/health.js';

export function metricsAccess({ metricsToken, host }: Pick<Config, 'metricsToken' | 'host'>): MetricsAccess {
  if (metricsToken !== undefined) return { for: 'token', token: metricsToken };
  return isLoopback(host) ? { for: 'anyone' } : { for: 'admins' };
}
