import type { PreparedScenario, RunSettings, Scenario } from '../scenario.js';
import type { Workbench } from '../workbench.js';
import type { Mode, ParseCalls } from './calls.js';

type Option = 'series' | 'fields';
type Measure = 'cpuSecondsPerMillion' | 'samplesPerCpuSecond' | 'bytesPerSeries';

const INFLUX = { group: 'Influx lines' };
const REMOTE_WRITE = { group: 'remote write' };
const OTLP = { group: 'OTLP, protobuf' };
const OTLP_JSON = { group: 'OTLP, JSON' };

/** What senders' samples cost until they are in the message for their room's log, beside a parser of npm that only parses. */
export const ingest: Scenario<Mode, Measure, Option> = {
  name: 'ingest',
  about: 'samples parsed, checked and coalesced per CPU second; the controls only parse, with packages of npm or JSON.parse',
  options: {
    series: { default: 10_000, min: 10, max: 1_000_000, about: 'Distinct series, of one sender.' },
    fields: { default: 5, min: 1, max: 100, about: 'Fields of one Influx line.' },
  },
  modes: [
    { key: 'influx', label: 'ours', ...INFLUX },
    { key: 'influx-npm', label: 'influx-line-protocol-parser', isControl: true, ...INFLUX },
    { key: 'remote-write', label: 'ours', ...REMOTE_WRITE },
    { key: 'remote-write-npm', label: 'protobufjs', isControl: true, ...REMOTE_WRITE },
    { key: 'otlp', label: 'ours', ...OTLP },
    { key: 'otlp-npm', label: 'protobufjs', isControl: true, ...OTLP },
    { key: 'otlp-json', label: 'ours', ...OTLP_JSON },
    { key: 'otlp-json-plain', label: 'JSON.parse', isControl: true, ...OTLP_JSON },
  ],
  measures: [
    { key: 'cpuSecondsPerMillion', label: 'CPU per million samples, user + system', unit: 's', digits: 2, compared: true },
    { key: 'samplesPerCpuSecond', label: 'samples per CPU second', unit: '', digits: 0, compared: true },
    { key: 'bytesPerSeries', label: 'memory per series', unit: 'B', digits: 0 },
  ],
  pictured: ['samplesPerCpuSecond'],
  claims: [
    { mode: 'influx', measure: 'samplesPerCpuSecond', limit: { atLeast: 500_000 } },
    { mode: 'remote-write', measure: 'samplesPerCpuSecond', limit: { atLeast: 500_000 } },
    { mode: 'influx', measure: 'bytesPerSeries', limit: { atMost: 1_024 } },
    { mode: 'remote-write', measure: 'bytesPerSeries', limit: { atMost: 1_024 } },
  ],
  prepare,
};

async function prepare(workbench: Workbench, settings: RunSettings<Option>): Promise<PreparedScenario<Mode, Measure>> {
  return { facts: {}, run: (mode) => run(workbench, settings, mode) };
}

async function run(
  workbench: Workbench,
  { seconds, warmUpSeconds, options }: RunSettings<Option>,
  mode: Mode,
): Promise<Record<Measure, number>> {
  const parser = workbench.start<ParseCalls>(new URL('./parse-process.js', import.meta.url), 'server');
  await parser.call('prepare', { mode, ...options });
  await parser.call('parse', { seconds: warmUpSeconds });
  const { samples, cpuSeconds, bytesPerSeries } = await parser.call('parse', { seconds });
  await workbench.clear();
  return { cpuSecondsPerMillion: (cpuSeconds / samples) * 1e6, samplesPerCpuSecond: samples / cpuSeconds, bytesPerSeries };
}
