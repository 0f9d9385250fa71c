import { setTimeout as delay } from 'node:timers/promises';
import { measureOf } from '../load/load-figures.js';
import type { PreparedScenario, RunSettings, Scenario } from '../scenario.js';
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

type Mode = 'idle' | 'offloaded' | 'in-turns' | 'on-loop';
type Option = 'jobSeconds' | 'messagesPerSecond' | 'subscribers';
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

const JOB_OF: Record<Mode, string | undefined> = {
  idle: undefined,
  offloaded: OFFLOADED_JOB,
  'in-turns': IN_TURNS_JOB,
  'on-loop': ON_LOOP_JOB,
};

/** Heavy jobs beside live messages: what a room's subscribers feel of them where they run in a thread, and where they don't. */
export const jobs: Scenario<Mode, Measure, Option> = {
  name: 'jobs',
  about: 'a heavy job back to back while a room gets messages: in a thread, on the event loop, and not at all',
  options: {
    jobSeconds: { default: 2, min: 0.05, max: 60, about: 'CPU seconds of one job.' },
    messagesPerSecond: { default: 200, min: 1, max: 5_000, about: 'Messages per second that are published into the room.' },
    subscribers: { default: 10, min: 1, max: 1_000, about: 'Connections that hear each message.' },
  },
  modes: [
    { key: 'idle', label: 'no job' },
    { key: 'offloaded', label: 'offloaded' },
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
    { key: 'cpuSeconds', label: 'CPU of the server, user + system', unit: 's', digits: 2, compared: true },
    measureOf('rssMiB'),
    { key: 'jobsDone', label: 'jobs done, warm-up included', unit: '', digits: 0 },
    { key: 'published', label: 'messages published', unit: '', digits: 0 },
    { key: 'delivered', label: 'deliveries', unit: '', digits: 0 },
    measureOf('clientBusyPercent'),
  ],
  pictured: ['loopDelayP99Ms', 'latencyP99Ms'],
  claims: [{ mode: 'offloaded', measure: 'loopDelayP99Ms', limit: { below: 20 } }],
  // Jobs of two seconds: several must fit in.
  defaults: { seconds: 8 },
  prepare,
};

async function prepare(workbench: Workbench, settings: RunSettings<Option>): Promise<PreparedScenario<Mode, Measure>> {
  const calibration = workbench.start<CalibrationCalls>(new URL('./calibrate-process.js', import.meta.url), 'server');
  const job = await calibration.call('calibrate', { cpuSeconds: settings.options.jobSeconds });
  await workbench.clear();
  return {
    facts: { jobBelow: job.below, jobPrimes: job.primes, jobCpuSeconds: job.cpuSeconds },
    run: (mode) => run(workbench, settings, job, mode),
  };
}

async function run(
  workbench: Workbench,
  { seconds, warmUpSeconds, options: { messagesPerSecond, subscribers } }: RunSettings<Option>,
  heavy: HeavyJob,
  mode: Mode,
): Promise<Record<Measure, number>> {
  const server = workbench.start<ServerCalls>(new URL('./server-process.js', import.meta.url), 'server');
  const client = workbench.start<ClientCalls>(new URL('./client-process.js', import.meta.url), 'client');
  const { url } = await server.call('open', { dataDir: await workbench.newDir() });
  const name = JOB_OF[mode];
  await client.call('begin', { url, messagesPerSecond, subscribers, ...(name !== undefined && { job: { ...heavy, name } }) });
  await delay(warmUpSeconds * 1_000);
  const [figures] = await Promise.all([server.call('watch', { seconds }), client.call('watch', { seconds })]);
  const load = await client.call('end', {});
  await workbench.clear();
  return { ...figures, ...load };
}
