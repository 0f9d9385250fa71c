import { setTimeout as delay } from 'node:timers/promises';
import { measureOf } from '../load/load-figures.js';
import { watchUse } from '../process-use.js';
import type { Claim, PreparedScenario, RunSettings, Scenario } from '../scenario.js';
import { startRedis } from '../servers/redis.js';
import type { Workbench } from '../workbench.js';
import {
  type CalibrationCalls,
  type ClientCalls,
  type HeavyJob,
  IN_TURNS_JOB,
  OFFLOADED_JOB,
  ON_LOOP_JOB,
  type ServerCalls,
} from './calls.js';
import { startWorker } from './workers.js';

type Mode = 'idle' | 'offloaded' | 'idle-redis' | 'workers' | 'in-turns' | 'on-loop';
type Option = 'jobSeconds' | 'jobsPerSecond' | 'messagesPerSecond' | 'subscribers';
type Measure =
  | 'loopDelayP50Ms'
  | 'loopDelayP99Ms'
  | 'loopDelayMaxMs'
  | 'latencyP50Ms'
  | 'latencyP99Ms'
  | 'latencyMaxMs'
  | 'loopBusyPercent'
  | 'cpuSeconds'
  | 'rssMiB'
  | 'jobsDone'
  | 'published'
  | 'delivered'
  | 'clientBusyPercent';

interface Setup {
  /** Left out: no jobs. */
  readonly job?: string;
  /** On Redis, with processes of workers; otherwise embedded. */
  readonly workers?: true;
}

const SETUPS: Record<Mode, Setup> = {
  idle: {},
  offloaded: { job: OFFLOADED_JOB },
  'idle-redis': { workers: true },
  workers: { job: OFFLOADED_JOB, workers: true },
  'in-turns': { job: IN_TURNS_JOB },
  'on-loop': { job: ON_LOOP_JOB },
};
const WORKERS = 2;

/** Heavy jobs beside live messages: what a room's subscribers feel of them where they run in a thread, and where they don't. */
export const jobs: Scenario<Mode, Measure, Option> = {
  name: 'jobs',
  about: 'heavy jobs at a steady rate while a room gets messages: in a thread, in workers, on the event loop, and none',
  options: {
    jobSeconds: { default: 0.2, min: 0.05, max: 60, about: 'CPU seconds of one job.' },
    jobsPerSecond: { default: 5, min: 0.1, max: 100, about: 'Jobs per second that are handed in.' },
    messagesPerSecond: { default: 200, min: 1, max: 5_000, about: 'Messages per second that are published into the room.' },
    subscribers: { default: 10, min: 1, max: 1_000, about: 'Connections that hear each message.' },
  },
  modes: [
    { key: 'idle', label: 'no job' },
    { key: 'offloaded', label: 'offloaded' },
    { key: 'idle-redis', label: 'no job, on Redis' },
    { key: 'workers', label: 'two workers, on Redis' },
    { key: 'in-turns', label: 'on the loop, in turns' },
    { key: 'on-loop', label: 'on the loop', isControl: true },
  ],
  measures: [
    { key: 'loopDelayP50Ms', label: 'event-loop delay p50', unit: 'ms', digits: 2 },
    { key: 'loopDelayP99Ms', label: 'event-loop delay p99', unit: 'ms', digits: 2, compared: true },
    { key: 'loopDelayMaxMs', label: 'event-loop delay max', unit: 'ms', digits: 1, compared: true },
    measureOf('latencyP50Ms'),
    measureOf('latencyP99Ms'),
    { key: 'latencyMaxMs', label: 'publish to deliver max', unit: 'ms', digits: 1, compared: true },
    { key: 'loopBusyPercent', label: 'event loop busy', unit: '%', digits: 1 },
    { key: 'cpuSeconds', label: 'CPU of server, workers and Redis, user + system', unit: 's', digits: 2, compared: true },
    measureOf('rssMiB'),
    { key: 'jobsDone', label: 'jobs done, warm-up included', unit: '', digits: 0 },
    { key: 'published', label: 'messages published', unit: '', digits: 0 },
    { key: 'delivered', label: 'deliveries', unit: '', digits: 0 },
    measureOf('clientBusyPercent'),
  ],
  pictured: ['loopDelayP99Ms', 'latencyP99Ms'],
  claims: [...claimsFor('offloaded', 'idle'), ...claimsFor('workers', 'idle-redis')],
  defaults: { seconds: 8 },
  prepare,
};

/** Of the same engine without jobs, a loop's delay is at most twice; of jobs on the loop, both figures are a twentieth at most. */
function claimsFor(mode: Mode, idle: Mode): Claim<Mode, Measure>[] {
  return [
    { mode, measure: 'loopDelayP99Ms', relativeTo: idle, limit: { atMost: 2 } },
    { mode: 'on-loop', measure: 'loopDelayP99Ms', relativeTo: mode, limit: { atLeast: 20 } },
    { mode: 'on-loop', measure: 'latencyP99Ms', relativeTo: mode, limit: { atLeast: 20 } },
  ];
}

async function prepare(workbench: Workbench, settings: RunSettings<Option>): Promise<PreparedScenario<Mode, Measure>> {
  const calibration = workbench.start<CalibrationCalls>(new URL('./calibrate-process.js', import.meta.url), 'server');
  const job = await calibration.call('calibrate', { cpuSeconds: settings.options.jobSeconds });
  await workbench.clear();
  return {
    facts: { jobBelow: job.below, jobPrimes: job.primes, jobCpuSeconds: job.cpuSeconds },
    run: (mode) => run(workbench, settings, job, SETUPS[mode]),
  };
}

async function run(
  workbench: Workbench,
  { seconds, warmUpSeconds, options: { jobsPerSecond: perSecond, messagesPerSecond, subscribers } }: RunSettings<Option>,
  heavy: HeavyJob,
  { job: name, workers }: Setup,
): Promise<Record<Measure, number>> {
  const server = workbench.start<ServerCalls>(new URL('./server-process.js', import.meta.url), 'server');
  const client = workbench.start<ClientCalls>(new URL('./client-process.js', import.meta.url), 'client');
  const redis = workers && (await startRedis(workbench));
  const helpers = redis ? [redis.pid, ...(await startWorkers(workbench, redis.url))] : [];
  const { url } = await server.call('open', { dataDir: await workbench.newDir(), ...(redis && { redisUrl: redis.url }) });
  const job = name !== undefined && { job: { ...heavy, name, perSecond } };
  await client.call('begin', { url, messagesPerSecond, subscribers, ...job });
  await delay(warmUpSeconds * 1_000);
  const endHelpers = watchUse([], helpers);
  const [figures] = await Promise.all([server.call('watch', { seconds }), client.call('watch', { seconds })]);
  const { cpuSeconds } = endHelpers();
  const load = await client.call('end', {});
  await workbench.clear();
  return { ...figures, ...load, cpuSeconds: figures.cpuSeconds + cpuSeconds };
}

function startWorkers(workbench: Workbench, redisUrl: string): Promise<number[]> {
  return Promise.all(Array.from({ length: WORKERS }, () => startWorker(workbench, redisUrl)));
}
