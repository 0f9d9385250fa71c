import { setTimeout as delay } from 'node:timers/promises';
import { measureOf } from '../load/load-figures.js';
import type { BenchProcess } from '../process.js';
import type { RunSettings, Scenario } from '../scenario.js';
import { type Redis, startRedis } from '../servers/redis.js';
import { percentile } from '../stats.js';
import type { Workbench } from '../workbench.js';
import type { InstanceCalls, ReadFigures, ReadRequest } from './calls.js';

type Mode = 'burst' | 'burst-bare' | 'fresh' | 'expiring' | 'plain' | 'redis-killed';
type Option = 'askers' | 'readsPerSecond' | 'computeMs';
type Measure = 'computed' | 'asked' | 'errors' | 'latencyP50Ms' | 'latencyP99Ms' | 'latencyMaxMs' | 'clientBusyPercent';

const INSTANCES = 3;
/** Longer than any window: nothing expires. */
const LONG_MS = 3_600_000;
/** Of a hot key that expires: several times in a window. */
const SHORT_MS = 300;
const AT_ONCE = 'asked for at once';
const HOT = 'a hot key';

/** What the cache spares where many ask for one thing, and what its askers feel when the thing expires or Redis is killed. */
export const cache: Scenario<Mode, Measure, Option> = {
  name: 'cache',
  about: 'one costly read that many ask for on three instances: at once, past its time to live, and while Redis is killed',
  options: {
    askers: { default: 1_000, min: 1, max: 100_000, about: 'Askers at once, of all instances together.' },
    readsPerSecond: { default: 1_000, min: 10, max: 20_000, about: 'Reads per second of the hot key, on each instance.' },
    computeMs: { default: 50, min: 1, max: 5_000, about: 'Milliseconds that one computation takes.' },
  },
  modes: [
    { key: 'burst', label: 'through the cache', group: AT_ONCE },
    { key: 'burst-bare', label: 'without', group: AT_ONCE, isControl: true },
    { key: 'fresh', label: 'never expires', group: HOT, isControl: true },
    { key: 'expiring', label: 'expires, may be stale', group: HOT },
    { key: 'plain', label: 'expires, may not', group: HOT },
    { key: 'redis-killed', label: 'Redis killed', group: HOT },
  ],
  measures: [
    { key: 'computed', label: 'computations, on all instances', unit: '', digits: 0, compared: true },
    { key: 'asked', label: 'reads', unit: '', digits: 0 },
    { key: 'errors', label: 'errors', unit: '', digits: 0 },
    { key: 'latencyP50Ms', label: 'read p50', unit: 'ms', digits: 3, compared: true },
    { key: 'latencyP99Ms', label: 'read p99', unit: 'ms', digits: 3, compared: true },
    { key: 'latencyMaxMs', label: 'read max', unit: 'ms', digits: 1 },
    measureOf('clientBusyPercent'),
  ],
  pictured: ['computed', 'latencyP99Ms'],
  claims: [
    { mode: 'burst', measure: 'computed', limit: { atMost: 1 } },
    { mode: 'expiring', measure: 'latencyP99Ms', relativeTo: 'fresh', limit: { atMost: 2 } },
    { mode: 'redis-killed', measure: 'errors', limit: { atMost: 0 } },
  ],
  prepare: async (workbench, settings) => ({ facts: { instances: INSTANCES }, run: (mode) => run(workbench, settings, mode) }),
};

type Instances = readonly BenchProcess<InstanceCalls>[];

async function run(workbench: Workbench, settings: RunSettings<Option>, mode: Mode): Promise<Record<Measure, number>> {
  const redis = await startRedis(workbench);
  const instances = Array.from({ length: INSTANCES }, () =>
    workbench.start<InstanceCalls>(new URL('./instance-process.js', import.meta.url), 'server'),
  );
  const dirs = await Promise.all(instances.map(() => workbench.newDir()));
  await Promise.all(instances.map((instance, n) => instance.call('open', { redisUrl: redis.url, dataDir: dirs[n]! })));
  const { askers, computeMs } = settings.options;
  const request = requestOf(mode, computeMs);
  const figures =
    mode === 'burst' || mode === 'burst-bare'
      ? await Promise.all(instances.map((instance) => instance.call('burst', { ...request, askers: Math.ceil(askers / INSTANCES) })))
      : await stream(instances, settings, request, mode === 'redis-killed' ? redis : undefined);
  await workbench.clear();
  return sumUp(figures);
}

function requestOf(mode: Mode, computeMs: number): ReadRequest {
  const times: Record<Mode, Pick<ReadRequest, 'ttlMs' | 'staleMs'>> = {
    burst: { ttlMs: LONG_MS, staleMs: 0 },
    'burst-bare': { ttlMs: 0, staleMs: 0 },
    fresh: { ttlMs: LONG_MS, staleMs: LONG_MS },
    expiring: { ttlMs: SHORT_MS, staleMs: LONG_MS },
    plain: { ttlMs: SHORT_MS, staleMs: 0 },
    'redis-killed': { ttlMs: SHORT_MS, staleMs: LONG_MS },
  };
  return { key: 'hot', computeMs, ...times[mode] };
}

/** The warm-up computes the value; a Redis that is to be killed goes in the middle of the window. */
async function stream(
  instances: Instances,
  { seconds, warmUpSeconds, options }: RunSettings<Option>,
  request: ReadRequest,
  doomed: Redis | undefined,
): Promise<ReadFigures[]> {
  const read = (forSeconds: number) => ({ ...request, perSecond: options.readsPerSecond, seconds: forSeconds });
  await Promise.all(instances.map((instance) => instance.call('stream', read(warmUpSeconds))));
  const reading = Promise.all(instances.map((instance) => instance.call('stream', read(seconds))));
  await delay((seconds * 1_000) / 2);
  if (doomed) process.kill(doomed.pid, 'SIGKILL');
  return reading;
}

function sumUp(figures: readonly ReadFigures[]): Record<Measure, number> {
  const latencies = figures.flatMap(({ latenciesMs }) => latenciesMs);
  const sum = (of: (figure: ReadFigures) => number) => figures.reduce((total, figure) => total + of(figure), 0);
  return {
    computed: sum(({ computed }) => computed),
    asked: latencies.length,
    errors: sum(({ errors }) => errors),
    latencyP50Ms: percentile(latencies, 50),
    latencyP99Ms: percentile(latencies, 99),
    latencyMaxMs: percentile(latencies, 100),
    clientBusyPercent: sum(({ busyPercent }) => busyPercent) / figures.length,
  };
}
