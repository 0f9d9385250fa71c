import { OPTIONS } from '../../server/config/options.js';
import { measureOf } from '../load/load-figures.js';
import type { Scenario } from '../scenario.js';
import type { LogsFigures, LogsRequest } from './calls.js';
import { runViews, type ServerFigures } from './run-views.js';

type Key = 'all-read' | 'mixed';
type Option = 'linesPerSecond' | 'bytes' | 'viewers' | 'slow' | 'filtered';
type Measure = keyof LogsFigures | keyof ServerFigures;

const LIMIT_MIB = OPTIONS.unsentBytes.default / 1024 ** 2;
/** What the heap may grow by beside what waits for slow viewers. */
const HEAP_MIB = 40;

/** One log room under many lines: nothing is lost, and every viewer is whole or told. */
export const logs: Scenario<Key, Measure, Option> = {
  name: 'logs',
  about: 'many log lines per second into one room: all viewers read all of it, or some read slowly and some through a filter',
  options: {
    linesPerSecond: { default: 20_000, min: 100, max: 200_000, about: 'Lines per second that are posted into the room.' },
    bytes: { default: 120, min: 1, max: 10_000, about: "Bytes of a line's text." },
    viewers: { default: 50, min: 3, max: 500, about: 'Viewers, those who are slow and those who have a filter included.' },
    slow: { default: 5, min: 1, max: 100, about: 'Viewers that read for a moment every four seconds, and skip what they miss.' },
    filtered: { default: 10, min: 1, max: 100, about: 'Viewers that see the errors: every tenth line.' },
  },
  modes: [
    { key: 'all-read', label: 'all viewers read all of it', isControl: true },
    { key: 'mixed', label: 'some are slow, some have a filter' },
  ],
  measures: [
    { key: 'lines', label: 'lines sent', unit: '', digits: 0 },
    { key: 'missingFromLog', label: 'lines missing in the log', unit: '', digits: 0 },
    { key: 'untold', label: 'lines that a viewer neither got nor was told of', unit: '', digits: 0 },
    { key: 'told', label: 'lines that slow viewers were told of', unit: '', digits: 0 },
    { key: 'latencyP50Ms', label: 'line to viewer p50', unit: 'ms', digits: 1, compared: true },
    { key: 'latencyP99Ms', label: 'line to viewer p99', unit: 'ms', digits: 1, compared: true },
    measureOf('cpuPercent'),
    measureOf('rssMiB'),
    measureOf('ownGrowthMiB'),
    measureOf('clientBusyPercent'),
  ],
  pictured: ['latencyP99Ms', 'cpuPercent'],
  claims: [
    { mode: 'mixed', measure: 'missingFromLog', limit: { atMost: 0 } },
    { mode: 'mixed', measure: 'untold', limit: { atMost: 0 } },
    { mode: 'mixed', measure: 'ownGrowthMiB', limit: { atMost: 5 * LIMIT_MIB + HEAP_MIB } },
  ],
  defaults: { seconds: 8, warmUpSeconds: 2, repeats: 3 },
  prepare: async (workbench, settings) => ({
    facts: {},
    run: (key) => {
      const { viewers, slow, filtered, ...load } = settings.options;
      const some = key === 'mixed' ? { slow, filtered } : { slow: 0, filtered: 0 };
      const request = { ...load, ...some, viewers: Math.max(1, viewers - some.slow - some.filtered) };
      const module = new URL('./logs-process.js', import.meta.url);
      return runViews<Omit<LogsRequest, 'port'>, LogsFigures>(workbench, settings, { module, options: { logsWrite: 'anyone' }, request });
    },
  }),
};
