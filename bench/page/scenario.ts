import type { Browser } from 'playwright-core';
import type { Scope } from '../../test/support/scope.js';
import { measureOf } from '../load/load-figures.js';
import { watchUse } from '../process-use.js';
import type { PreparedScenario, RunSettings, Scenario } from '../scenario.js';
import type { Workbench } from '../workbench.js';
import type { HubCalls, SenderCalls, Traffic } from './calls.js';
import { LOG_ROOM } from './page-scripts.js';
import { type PageFigures, type PageOptions, watchPage } from './watched-page.js';

type Mode = 'charts' | 'tail' | 'tail-append';
type Option = 'series' | 'charts' | 'samplesPerSecond' | 'linesPerSecond';
type Measure = keyof PageFigures | 'undelivered' | 'sentPerSecond' | 'clientBusyPercent';

const METRIC_ROOM = 'metrics:bench';

/** What is opened, but where and for how long. */
type Opened = Omit<PageOptions, 'url' | 'seconds' | 'warmUpSeconds'>;
const CHARTS: Opened = {
  shown: '[data-testid="chart"] canvas',
  filter: 'filter-name',
  opener: 'series-filter',
  words: 'bench_',
  // All of them are in sight.
  viewport: { width: 2_400, height: 1_800 },
};
const TAIL: Opened = {
  shown: '[data-testid="log-line"]',
  filter: 'log-filter',
  words: 'answered get',
  viewport: { width: 1_280, height: 800 },
};

/** Seconds within which a tail is full, and the page that appends nodes as slow as it gets. */
const TAIL_WARM_UP_SECONDS = 12;

/** The live pages in a browser: what someone feels who types into them while everything moves. */
export const page: Scenario<Mode, Measure, Option> = {
  name: 'page',
  about: 'charts and a log tail in Chromium while a filter is typed: long tasks, interactions, memory',
  options: {
    series: { default: 200, min: 1, max: 5_000, about: 'Series of the metric room.' },
    charts: { default: 24, min: 1, max: 60, about: 'Charts that show them.' },
    samplesPerSecond: { default: 4, min: 0.1, max: 20, about: 'New values per second of each series.' },
    linesPerSecond: { default: 20_000, min: 20, max: 200_000, about: 'Lines per second of the log room.' },
  },
  modes: [
    { key: 'charts', label: 'charts', group: 'metrics' },
    { key: 'tail', label: 'tail', group: 'log' },
    { key: 'tail-append', label: 'a node per line', group: 'log', isControl: true },
  ],
  measures: [
    { key: 'longTasks', label: 'tasks over 50 ms', unit: '', digits: 0, compared: true },
    { key: 'longestTaskMs', label: 'longest task', unit: 'ms', digits: 0, compared: true },
    { key: 'inpP98Ms', label: 'key to paint p98', unit: 'ms', digits: 0, compared: true },
    { key: 'framesPerSecond', label: 'frames per second', unit: '', digits: 1, compared: true },
    { key: 'mainThreadPercent', label: 'CPU of the main thread', unit: '% of a core', digits: 1, compared: true },
    { key: 'heapMiB', label: 'heap after a collection', unit: 'MiB', digits: 1, compared: true },
    { key: 'heapMiBPerMinute', label: 'heap growth', unit: 'MiB/min', digits: 1 },
    { key: 'sentPerSecond', label: 'values or lines sent per second', unit: '', digits: 0 },
    { key: 'undelivered', label: 'values or lines that the hub refused', unit: '', digits: 0 },
    measureOf('clientBusyPercent'),
  ],
  pictured: ['longestTaskMs', 'inpP98Ms', 'mainThreadPercent'],
  claims: [
    ...(['charts', 'tail'] as const).flatMap((mode) => [
      { mode, measure: 'longTasks' as const, limit: { atMost: 0 } },
      { mode, measure: 'inpP98Ms' as const, limit: { atMost: 50 } },
    ]),
  ],
  // Before the window a minute of values fills the charts.
  defaults: { seconds: 20, warmUpSeconds: 65, repeats: 1 },
  prepare,
};

async function prepare(workbench: Workbench, settings: RunSettings<Option>): Promise<PreparedScenario<Mode, Measure>> {
  // Only this scenario needs a browser, and what drives it.
  const { startBrowser } = await import('../../test/support/browser.js');
  return { facts: {}, run: async (mode) => run(workbench, await startBrowser(scopeOf(workbench)), settings, mode) };
}

/** A scope that ends with the run, what was begun last first. */
function scopeOf(workbench: Workbench): Scope {
  const undos: (() => unknown)[] = [];
  workbench.keep({
    async stop() {
      for (let undo = undos.pop(); undo; undo = undos.pop()) await undo();
    },
  });
  return {
    defer(thing, undo) {
      undos.push(() => undo(thing));
      return thing;
    },
  };
}

async function run(workbench: Workbench, browser: Browser, settings: RunSettings<Option>, mode: Mode): Promise<Record<Measure, number>> {
  const hub = workbench.start<HubCalls>(new URL('./hub-process.js', import.meta.url), 'server');
  const sender = workbench.start<SenderCalls>(new URL('./sender-process.js', import.meta.url), 'client');
  const { url, controlUrl } = await hub.call('open', { dataDir: await workbench.newDir() });
  const [room, opened] = mode === 'charts' ? [METRIC_ROOM, CHARTS] : [LOG_ROOM, TAIL];
  await sender.call('begin', { url, room, traffic: trafficOf(mode, settings.options) });
  const endWatch = watchUse([sender.pid]);
  const { seconds } = settings;
  const warmUpSeconds = mode === 'charts' ? settings.warmUpSeconds : Math.min(settings.warmUpSeconds, TAIL_WARM_UP_SECONDS);
  const pages = { charts: `${url}/#/metrics/bench?span=60000`, tail: `${url}/#/logs/bench`, 'tail-append': controlUrl };
  const figures = await watchPage(browser, { ...opened, url: pages[mode], seconds, warmUpSeconds });
  const used = endWatch();
  const { sent, refused } = await sender.call('end', {});
  await workbench.clear();
  return {
    ...figures,
    sentPerSecond: sent / used.seconds,
    undelivered: refused,
    clientBusyPercent: (used.cpuSeconds / used.seconds) * 100,
  };
}

function trafficOf(mode: Mode, { series, charts, samplesPerSecond, linesPerSecond }: Record<Option, number>): Traffic {
  return mode === 'charts'
    ? { kind: 'samples', series, charts, perSecond: samplesPerSecond }
    : { kind: 'lines', perSecond: linesPerSecond };
}
