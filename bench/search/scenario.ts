import { measureOf } from '../load/load-figures.js';
import type { PreparedScenario, RunSettings, Scenario } from '../scenario.js';
import { perOne } from '../stats.js';
import type { Workbench } from '../workbench.js';
import { type ClientCalls, HISTORY_ROOM, type ServerCalls, type Task } from './calls.js';

type Mode = 'chat' | 'search' | 'export';
type Option = 'messages' | 'messagesPerSecond' | 'subscribers';
type Measure =
  | 'firstHitsMs'
  | 'allMs'
  | 'messagesReadPerSecond'
  | 'rssGrowthMiB'
  | 'memoryGrowthMiB'
  | 'latencyP50Ms'
  | 'latencyP99Ms'
  | 'jobsDone'
  | 'published'
  | 'delivered'
  | 'clientBusyPercent';

const TASKS: Record<Mode, Task | undefined> = {
  chat: undefined,
  search: { name: 'search', input: { room: HISTORY_ROOM, query: 'needle', limit: 100 } },
  export: { name: 'export', input: { room: HISTORY_ROOM, format: 'ndjson' } },
};
const MIB = 1024 ** 2;

/** A room's whole history read in a thread, and what chat beside it feels. */
export const search: Scenario<Mode, Measure, Option> = {
  name: 'search',
  about: 'a long history searched and exported, again and again, beside live chat, and chat alone',
  options: {
    messages: { default: 1_000_000, min: 100, max: 10_000_000, about: 'Messages of the history.' },
    messagesPerSecond: { default: 200, min: 1, max: 5_000, about: 'Messages per second of the chat beside it.' },
    subscribers: { default: 10, min: 1, max: 1_000, about: 'Connections that hear each of them.' },
  },
  modes: [
    { key: 'chat', label: 'chat alone', isControl: true },
    { key: 'search', label: 'search' },
    { key: 'export', label: 'export' },
  ],
  measures: [
    { key: 'firstHitsMs', label: 'submission to first hits', unit: 'ms', digits: 0 },
    { key: 'allMs', label: 'submission to end', unit: 'ms', digits: 0 },
    { key: 'messagesReadPerSecond', label: 'messages read per second', unit: '', digits: 0 },
    { key: 'rssGrowthMiB', label: 'growth of RSS at most', unit: 'MiB', digits: 0 },
    { key: 'memoryGrowthMiB', label: 'of it without the mapped file', unit: 'MiB', digits: 0 },
    measureOf('latencyP50Ms'),
    measureOf('latencyP99Ms'),
    { key: 'jobsDone', label: 'jobs done, warm-up included', unit: '', digits: 0 },
    { key: 'published', label: 'messages published', unit: '', digits: 0 },
    { key: 'delivered', label: 'deliveries', unit: '', digits: 0 },
    measureOf('clientBusyPercent'),
  ],
  pictured: ['allMs', 'latencyP99Ms'],
  claims: [
    { mode: 'search', measure: 'firstHitsMs', limit: { atMost: 200 } },
    { mode: 'search', measure: 'allMs', limit: { atMost: 3_000 } },
    { mode: 'export', measure: 'memoryGrowthMiB', limit: { below: 100 } },
    { mode: 'search', measure: 'latencyP99Ms', relativeTo: 'chat', limit: { atMost: 2 } },
  ],
  defaults: { seconds: 8 },
  prepare,
};

/** The history is written once; each run opens it anew. */
async function prepare(workbench: Workbench, settings: RunSettings<Option>): Promise<PreparedScenario<Mode, Measure>> {
  const { messages } = settings.options;
  const dataDir = await workbench.tool('history', async (dir) => {
    const server = start(workbench);
    await server.call('open', { dataDir: dir });
    await server.call('fill', { messages });
    await server.stop();
    return dir;
  });
  return { facts: { historyMessages: messages }, run: (mode) => run(workbench, settings, mode, dataDir) };
}

const start = (workbench: Workbench) => workbench.start<ServerCalls>(new URL('./server-process.js', import.meta.url), 'server');

async function run(
  workbench: Workbench,
  { seconds, warmUpSeconds, options }: RunSettings<Option>,
  mode: Mode,
  dataDir: string,
): Promise<Record<Measure, number>> {
  const server = start(workbench);
  const client = workbench.start<ClientCalls>(new URL('./client-process.js', import.meta.url), 'client');
  const { url } = await server.call('open', { dataDir });
  await server.call('watchMemory', {});
  const { messages, messagesPerSecond, subscribers } = options;
  const task = TASKS[mode];
  const load = await client.call('load', { url, messagesPerSecond, subscribers, warmUpSeconds, seconds, ...(task && { task }) });
  const { rss, anonymous } = await server.call('growth', {});
  await workbench.clear();
  const growth = { rssGrowthMiB: rss / MIB, memoryGrowthMiB: anonymous / MIB };
  return { ...load, ...growth, messagesReadPerSecond: perOne(messages * 1_000, load.allMs) };
}
