import { fileURLToPath } from 'node:url';
import { type Child, startChild } from '../../server/cli/child.js';
import { startHub } from '../../test/support/hub-process.js';
import { startNginx } from '../../test/support/nginx.js';
import { freePort } from '../../test/support/redis.js';
import type { Scope } from '../../test/support/scope.js';
import { startTcpProxy, type TcpProxy } from '../../test/support/tcp-proxy.js';
import { waitFor } from '../../test/support/wait.js';
import { startWorker } from '../../test/support/worker-process.js';
import type { Side } from './load/calls.js';
import { Member } from './member.js';
import { RedisServer } from './redis-server.js';

export const INSTANCES = 3;
export const WORKERS = 2;
const READY_MS = 60_000;

/** Heartbeats are faster than by default, so that a lost network is noticed within a fault's time. */
const HEARTBEAT = { interval: '2000', timeout: '2000' };
const HUB_ENV = {
  ROOMCAST_LIMITS: 'off',
  ROOMCAST_WEB: 'off',
  ROOMCAST_JOBS_IN_SERVER: 'off',
  ROOMCAST_TRUST_PROXY: '1',
  ROOMCAST_PING_INTERVAL_MS: HEARTBEAT.interval,
  ROOMCAST_PING_TIMEOUT_MS: HEARTBEAT.timeout,
  ROOMCAST_DRAIN_MS: '3000',
  ROOMCAST_LOG_FORMAT: 'json',
};
const CONTROL = fileURLToPath(new URL('./control-server.js', import.meta.url));

/** What the faults are done to. */
export interface FaultCluster {
  readonly redis: RedisServer;
  /** Between each instance and Redis. */
  readonly links: readonly TcpProxy[];
  readonly instances: readonly Member[];
  /** None beside the control. */
  readonly workers: readonly Member[];
  readonly nginx: Child;
  /** Between a quarter of the clients and nginx. */
  readonly clientLink: TcpProxy;
  readonly url: string;
  readonly faultyUrl: string;
  /** Processes that ended by themselves, or did not when told to. */
  readonly crashes: readonly string[];
}

/**
 * Starts everything, and resolves when all is ready.
 * @param env of hubs and workers, beside the bench's own
 */
export async function startFaultCluster(scope: Scope, side: Side, env: Readonly<Record<string, string>> = {}): Promise<FaultCluster> {
  const crashes: string[] = [];
  const onCrash = (what: string) => crashes.push(what);
  const redis = await RedisServer.start(scope);
  const links = await Promise.all(Array.from({ length: INSTANCES }, () => startTcpProxy(scope, redis)));
  const ports = await Promise.all(links.map(freePort));
  const launchOurs: typeof launchControl = (...of) => launchHub(...of, { ...HUB_ENV, ...env });
  const launch = side === 'control' ? launchControl : launchOurs;
  const instances = ports.map((port, index) => {
    const redisUrl = `redis://127.0.0.1:${links[index]!.port}`;
    return new Member(`${side === 'control' ? 'server' : 'hub'}-${index + 1}`, () => launch(scope, port, redisUrl), onCrash);
  });
  const workerNumbers = side === 'control' ? [] : Array.from({ length: WORKERS }, (_, index) => index + 1);
  const workers = workerNumbers.map(
    (number) => new Member(`worker-${number}`, () => startWorker(scope, { redisUrl: redis.url, env }), onCrash),
  );
  await Promise.all([...instances, ...workers].map((member) => member.start()));
  // What ends with the run did not crash.
  scope.defer([...instances, ...workers], (members) => Promise.all(members.map((member) => member.kill())));
  const nginx = await startNginx(
    scope,
    ports.map((port) => ({ port })),
  );
  const clientLink = await startTcpProxy(scope, { port: Number(new URL(nginx.url).port) });
  const faultyUrl = `http://127.0.0.1:${clientLink.port}`;
  return { redis, links, instances, workers, nginx, clientLink, url: nginx.url, faultyUrl, crashes };
}

/** Resolves when it is ready. */
export async function launchHub(
  scope: Scope,
  port: number,
  redisUrl: string,
  env: Readonly<Record<string, string>> = HUB_ENV,
): Promise<Child> {
  const hub = await startHub(scope, { port, env: { ...env, REDIS_URL: redisUrl } });
  await isReady(port);
  return hub;
}

async function launchControl(scope: Scope, port: number, redisUrl: string): Promise<Child> {
  const args = [CONTROL, String(port), redisUrl, HEARTBEAT.interval, HEARTBEAT.timeout];
  const server = scope.defer(await startChild('control server', process.execPath, args), (child) => child.stop());
  await isReady(port);
  return server;
}

/** An instance that starts while Redis is away is ready later: another fault is not its own. */
async function isReady(port: number): Promise<void> {
  const ready = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  await waitFor(ready, { timeoutMs: READY_MS, intervalMs: 50 }).catch(() => undefined);
}
