import { type HubProcess, startHub } from './hub-process.js';
import { startRedis, type TestRedis } from './redis.js';
import type { Scope } from './scope.js';
import { waitFor } from './wait.js';

export interface Cluster {
  readonly redis: TestRedis;
  readonly hubs: readonly HubProcess[];
}

/** Whatever else the machine does, Redis is away where a test ends it, and nowhere else. */
export const PATIENT_WITH_REDIS = { ROOMCAST_REDIS_COMMAND_TIMEOUT_MS: '5000' };

/** Several instances on one Redis of their own, each ready. */
export async function startCluster(
  scope: Scope,
  { instances, env = {}, redisArgs = [] }: { instances: number; env?: Readonly<Record<string, string>>; redisArgs?: string[] },
): Promise<Cluster> {
  const redis = scope.defer(await startRedis({ args: redisArgs }), (started) => started.stop());
  const starts = Array.from({ length: instances }, () => startHub(scope, { env: { REDIS_URL: redis.url, ...PATIENT_WITH_REDIS, ...env } }));
  const hubs = await Promise.all(starts);
  for (const hub of hubs) await whenReady(hub);
  return { redis, hubs };
}

/** A hub answers before it has reached Redis; from here on it takes publications. */
export async function whenReady({ url }: { url: string }): Promise<void> {
  await waitFor(async () => (await fetch(`${url}/readyz`)).ok, { what: `${url} to be ready` });
}
