import { configFrom, type Options } from '../../server/config.js';
import { type StartedHub, startHub } from '../../server/start-hub.js';
import type { Scope } from './scope.js';

/** A hub in this process that keeps nothing and says nothing; it closes with the scope. */
export async function openMemoryHub(scope: Scope, options: Partial<Options> = {}): Promise<StartedHub> {
  const hub = await startHub(
    configFrom({ store: 'memory', port: 0, web: false, hostMetrics: false, jobWarmThreads: 0, logLevel: 'silent', ...options }),
  );
  return scope.defer(hub, (open) => open.close());
}

/** The value of one series of the hub's own metrics, 0 where it has none. */
export async function metricOf(hub: { url: string }, series: string): Promise<number> {
  const text = await (await fetch(`${hub.url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}
