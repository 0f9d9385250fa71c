import { measureOf } from '../load/load-figures.js';
import { watchUse } from '../process-use.js';
import type { PreparedScenario, RunSettings, Scenario } from '../scenario.js';
import { startRedis } from '../servers/redis.js';
import { perOne } from '../stats.js';
import type { Workbench } from '../workbench.js';
import type { ClientCalls, FillCalls, ServerCalls, Task } from './calls.js';
import { HISTORY_ROOM, NEEDLE, needleTexts } from './history.js';
import { watchMemory } from './memory-watch.js';

type Mode = 'chat' | 'search' | 'export' | 'redis-chat' | 'redis-search' | 'redis-export';
type Option = 'messages' | 'messagesPerSecond' | 'subscribers';
type Measure =
  | 'firstHitsMs'
  | 'coldFirstHitsMs'
  | 'allMs'
  | 'messagesReadPerSecond'
  | 'found'
  | 'rssGrowthMiB'
  | 'memoryGrowthMiB'
  | 'latencyP50Ms'
  | 'latencyP99Ms'
  | 'cpuPercent'
  | 'jobsDone'
  | 'published'
  | 'delivered'
  | 'clientBusyPercent';

interface Setup {
  readonly redis: boolean;
  readonly task?: (messages: number) => Task;
}

const searchAll = (messages: number): Task => ({
  name: 'search',
  input: { room: HISTORY_ROOM, query: NEEDLE, limit: 100 },
  texts: needleTexts(messages),
});
const exportAll = (messages: number): Task => ({ name: 'export', input: { room: HISTORY_ROOM, format: 'ndjson' }, messages });

const SETUPS: Record<Mode, Setup> = {
  chat: { redis: false },
  search: { redis: false, task: searchAll },
  export: { redis: false, task: exportAll },
  'redis-chat': { redis: true },
  'redis-search': { redis: true, task: searchAll },
  'redis-export': { redis: true, task: exportAll },
};
const HUNDRED_MB_IN_MIB = Math.floor(100e6 / 1024 ** 2);
const EMBEDDED = 'embedded';
const REDIS = 'on Redis';

/** A room's whole history read in a thread, and what chat beside it feels. */
export const search: Scenario<Mode, Measure, Option> = {
  name: 'search',
  about: 'a long history searched and exported, again and again, beside live chat, and chat alone: embedded and on Redis',
  options: {
    messages: { default: 1_000_000, min: 100, max: 10_000_000, about: 'Messages of the history.' },
    messagesPerSecond: { default: 200, min: 1, max: 5_000, about: 'Messages per second of the chat beside it.' },
    subscribers: { default: 10, min: 1, max: 1_000, about: 'Connections that hear each of them.' },
  },
  modes: [
    { key: 'chat', label: 'chat alone', group: EMBEDDED, isControl: true },
    { key: 'search', label: 'search', group: EMBEDDED },
    { key: 'export', label: 'export', group: EMBEDDED },
    { key: 'redis-chat', label: 'chat alone on Redis', group: REDIS, isControl: true },
    { key: 'redis-search', label: 'search on Redis', group: REDIS },
    { key: 'redis-export', label: 'export on Redis', group: REDIS },
  ],
  measures: [
    { key: 'firstHitsMs', label: 'submission to first hits', unit: 'ms', digits: 0 },
    { key: 'coldFirstHitsMs', label: 'the same in a hub just started', unit: 'ms', digits: 0 },
    { key: 'allMs', label: 'submission to end', unit: 'ms', digits: 0 },
    { key: 'messagesReadPerSecond', label: 'messages read per second', unit: '', digits: 0 },
    { key: 'found', label: 'hits, or messages in the file', unit: '', digits: 0 },
    { key: 'rssGrowthMiB', label: 'growth of RSS at most', unit: 'MiB', digits: 0 },
    { key: 'memoryGrowthMiB', label: 'growth of its own memory, no mapped file', unit: 'MiB', digits: 0 },
    measureOf('latencyP50Ms'),
    measureOf('latencyP99Ms'),
    measureOf('cpuPercent'),
    { key: 'jobsDone', label: 'jobs done, warm-up included', unit: '', digits: 0 },
    { key: 'published', label: 'messages published', unit: '', digits: 0 },
    { key: 'delivered', label: 'deliveries', unit: '', digits: 0 },
    measureOf('clientBusyPercent'),
  ],
  pictured: ['allMs', 'latencyP99Ms'],
  claims: [
    { mode: 'search', measure: 'firstHitsMs', limit: { atMost: 200 } },
    { mode: 'search', measure: 'allMs', limit: { atMost: 3_000 } },
    { mode: 'redis-search', measure: 'firstHitsMs', limit: { atMost: 200 } },
    { mode: 'redis-search', measure: 'allMs', limit: { atMost: 10_000 } },
    { mode: 'search', measure: 'latencyP99Ms', relativeTo: 'chat', limit: { atMost: 1.5 } },
    { mode: 'redis-search', measure: 'latencyP99Ms', relativeTo: 'redis-chat', limit: { atMost: 1.5 } },
    { mode: 'export', measure: 'rssGrowthMiB', limit: { below: HUNDRED_MB_IN_MIB } },
    { mode: 'redis-export', measure: 'rssGrowthMiB', limit: { below: HUNDRED_MB_IN_MIB } },
  ],
  defaults: { seconds: 8 },
  prepare,
};

/** Each history is written once; each run opens it anew. */
async function prepare(workbench: Workbench, settings: RunSettings<Option>): Promise<PreparedScenario<Mode, Measure>> {
  const { messages } = settings.options;
  const dirs = { [EMBEDDED]: await fill(workbench, messages, false), [REDIS]: await fill(workbench, messages, true) };
  return {
    facts: { historyMessages: messages },
    run: (mode) => run(workbench, settings, SETUPS[mode], dirs[SETUPS[mode].redis ? REDIS : EMBEDDED]),
  };
}

function fill(workbench: Workbench, messages: number, redis: boolean): Promise<string> {
  return workbench.tool(`history ${redis ? REDIS : EMBEDDED}`, async (dataDir) => {
    const redisUrl = redis ? (await startRedis(workbench, dataDir)).url : undefined;
    const filler = workbench.start<FillCalls>(new URL('./fill-process.js', import.meta.url), 'server');
    await filler.call('fill', { messages, dataDir, ...(redisUrl !== undefined && { redisUrl }) });
    await workbench.clear();
    return dataDir;
  });
}

async function run(
  workbench: Workbench,
  { seconds, warmUpSeconds, options }: RunSettings<Option>,
  { redis: onRedis, task }: Setup,
  dataDir: string,
): Promise<Record<Measure, number>> {
  const { messages, ...chat } = options;
  const redis = onRedis ? await startRedis(workbench, dataDir) : undefined;
  const server = workbench.start<ServerCalls>(new URL('./server-process.js', import.meta.url), 'server');
  const client = workbench.start<ClientCalls>(new URL('./client-process.js', import.meta.url), 'client');
  const { url } = await server.call('open', redis ? { dataDir: await workbench.newDir(), redisUrl: redis.url } : { dataDir });
  const memory = watchMemory(server.pid);
  const use = watchUse([server.pid], redis && [redis.pid]);
  const load = await client.call('load', { url, ...chat, warmUpSeconds, seconds, ...(task && { task: task(messages) }) });
  const used = use();
  const growth = memory();
  await workbench.clear();
  const cpuPercent = (used.cpuSeconds / used.seconds) * 100;
  return { ...load, ...growth, cpuPercent, messagesReadPerSecond: perOne(messages * 1_000, load.allMs) };
}
