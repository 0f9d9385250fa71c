import { type HubProcess, startHub } from './hub-process.js';
import { startRedis, type TestRedis } from './redis.js';
import type { Scope } from './scope.js';

export interface Cluster {
  readonly redis: TestRedis;
  readonly hubs: readonly HubProcess[];
}

/** Several instances on one Redis of their own. */
export async function startCluster(
  scope: Scope,
  { instances, env = {}, redisArgs = [] }: { instances: number; env?: Readonly<Record<string, string>>; redisArgs?: string[] },
): Promise<Cluster> {
  const redis = scope.defer(await startRedis({ args: redisArgs }), (started) => started.stop());
  const starts = Array.from({ length: instances }, () => startHub(scope, { env: { REDIS_URL: redis.url, ...env } }));
  return { redis, hubs: await Promise.all(starts) };
}
