import { measureOf } from '../load/load-figures.js';
import type { RunSettings, Scenario } from '../scenario.js';
import { startRedis } from '../servers/redis.js';
import { perOne } from '../stats.js';
import type { Workbench } from '../workbench.js';
import { type ClientCalls, LOOP_JOB, type QueueServer, type ServerCalls, THREAD_JOB } from './calls.js';
import { syncMs } from './sync-ms.js';

type Mode = 'embedded-thread' | 'embedded-loop' | 'embedded-many' | 'redis-many' | 'bullmq-many';
type Option = 'inFlight';
type Measure = 'latencyP50Ms' | 'latencyP99Ms' | 'jobsPerSecond' | 'cpuPerJobUs' | 'clientBusyPercent';

interface Setup {
  readonly server: QueueServer['kind'];
  readonly redis: boolean;
  readonly job: string;
  readonly alone?: true;
}

const SETUPS: Record<Mode, Setup> = {
  'embedded-thread': { server: 'hub', redis: false, job: THREAD_JOB, alone: true },
  'embedded-loop': { server: 'hub', redis: false, job: LOOP_JOB, alone: true },
  'embedded-many': { server: 'hub', redis: false, job: LOOP_JOB },
  'redis-many': { server: 'hub', redis: true, job: LOOP_JOB },
  'bullmq-many': { server: 'bullmq', redis: true, job: LOOP_JOB },
};
const ALONE = 'one at a time';
const MANY = 'many at a time';

/** What a job costs that does nothing: from its submission over Socket.IO to the event of its end. */
export const queue: Scenario<Mode, Measure, Option> = {
  name: 'queue',
  about: 'empty jobs from submission to end: one at a time, and as many as go beside plain BullMQ behind Socket.IO',
  options: { inFlight: { default: 64, min: 1, max: 400, about: 'Jobs under way, where there are many.' } },
  modes: [
    { key: 'embedded-thread', label: 'embedded, in a thread', group: ALONE },
    { key: 'embedded-loop', label: 'embedded, on the loop', group: ALONE, isControl: true },
    { key: 'embedded-many', label: 'embedded', group: MANY },
    { key: 'redis-many', label: 'on Redis', group: MANY },
    { key: 'bullmq-many', label: 'plain BullMQ', group: MANY, isControl: true },
  ],
  measures: [
    { key: 'latencyP50Ms', label: 'submission to end p50', unit: 'ms', digits: 2, compared: true },
    { key: 'latencyP99Ms', label: 'submission to end p99', unit: 'ms', digits: 2, compared: true },
    { key: 'jobsPerSecond', label: 'jobs per second', unit: '', digits: 0, compared: true },
    { key: 'cpuPerJobUs', label: 'CPU of the server per job', unit: 'us', digits: 0, compared: true },
    measureOf('clientBusyPercent'),
  ],
  pictured: ['latencyP50Ms', 'jobsPerSecond'],
  claims: [
    { mode: 'embedded-thread', measure: 'latencyP50Ms', limit: { atMost: 5 } },
    { mode: 'redis-many', measure: 'jobsPerSecond', relativeTo: 'bullmq-many', limit: { atLeast: 0.8 } },
  ],
  async prepare(workbench, settings) {
    // Of this day's disk: a job on the embedded store waits for three commits.
    const facts = { syncMs: await syncMs(await workbench.newDir()) };
    return { facts, run: (mode) => run(workbench, settings, SETUPS[mode]) };
  },
};

async function run(
  workbench: Workbench,
  { seconds, warmUpSeconds, options }: RunSettings<Option>,
  { server: kind, redis, job, alone }: Setup,
): Promise<Record<Measure, number>> {
  const server = workbench.start<ServerCalls>(new URL('./server-process.js', import.meta.url), 'server');
  const client = workbench.start<ClientCalls>(new URL('./client-process.js', import.meta.url), 'client');
  const redisUrl = redis ? (await startRedis(workbench)).url : undefined;
  const place =
    kind === 'bullmq' ? { kind, redisUrl: redisUrl! } : { kind, dataDir: await workbench.newDir(), ...(redisUrl && { redisUrl }) };
  const { url } = await server.call('open', place);
  const cpuBefore = await server.call('cpuSeconds', {});
  const load = await client.call('load', { url, name: job, inFlight: alone ? 1 : options.inFlight, warmUpSeconds, seconds });
  const cpuSeconds = (await server.call('cpuSeconds', {})) - cpuBefore;
  await workbench.clear();
  const { jobs, ...figures } = load;
  // The warm-up's share of the CPU goes with the warm-up's time.
  const cpuUs = (cpuSeconds * 1e6 * seconds) / (seconds + warmUpSeconds);
  return { ...figures, jobsPerSecond: jobs / seconds, cpuPerJobUs: perOne(cpuUs, jobs) };
}
