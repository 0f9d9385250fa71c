import { KINDS } from '../../shared/rooms.js';
import { measureOf } from '../load/load-figures.js';
import type { Mode, Scenario } from '../scenario.js';
import { perOne } from '../stats.js';
import type { FramesFigures, FramesRequest } from './calls.js';
import { runViews, type ServerFigures } from './run-views.js';

type Key = 'json' | 'bytes' | 'chosen';
type Option = 'samplesPerSecond' | 'series' | 'viewers' | 'frameIntervalMs';
type Measure = keyof FramesFigures | keyof ServerFigures | 'shareOfObjects' | 'overIntervalP99Ms';

/** What a view is beside the interval at which it asks for frames. */
const WISHES: Readonly<Record<Key, { binary: boolean; part: number }>> = {
  json: { binary: false, part: 1 },
  bytes: { binary: true, part: 1 },
  chosen: { binary: true, part: 0.1 },
};
const MODES: readonly Mode<Key>[] = [
  { key: 'json', label: 'JSON columns', isControl: true },
  { key: 'bytes', label: 'bytes' },
  { key: 'chosen', label: 'bytes, a tenth of the series' },
];
/** The share of the same as JSON objects that a frame may cost. */
const SHARE = 0.25;
/** Time beside the frame interval in which a sample is to be with its viewers. */
const BESIDE_INTERVAL_MS = 50;

/** One metric room under many samples: how late they are at its viewers, and what the frames cost. */
export const frames: Scenario<Key, Measure, Option> = {
  name: 'frames',
  about: 'many samples per second of one metric room to many viewers, as frames in JSON and in bytes',
  options: {
    samplesPerSecond: { default: 100_000, min: 100, max: 1_000_000, about: 'Samples per second that are written into the room.' },
    series: { default: 100, min: 10, max: 10_000, about: 'Series that they are of.' },
    viewers: { default: 100, min: 1, max: 2_000, about: 'Viewers.' },
    frameIntervalMs: { default: KINDS.metrics.frameIntervalMs, min: 50, max: 10_000, about: 'Milliseconds from frame to frame.' },
  },
  modes: MODES,
  measures: [
    { key: 'frames', label: 'frames heard', unit: '', digits: 0 },
    { key: 'latencyP50Ms', label: 'sample to viewer p50', unit: 'ms', digits: 1, compared: true },
    { key: 'latencyP99Ms', label: 'sample to viewer p99', unit: 'ms', digits: 1, compared: true },
    { key: 'overIntervalP99Ms', label: 'that p99 beside the frame interval', unit: 'ms', digits: 1 },
    { key: 'bytesPerFrame', label: 'bytes per frame', unit: '', digits: 0, compared: true },
    { key: 'bytesAsObjects', label: 'the same as JSON objects', unit: '', digits: 0 },
    { key: 'shareOfObjects', label: 'share of that', unit: '', digits: 3 },
    measureOf('cpuPercent'),
    measureOf('rssMiB'),
    measureOf('ownGrowthMiB'),
    measureOf('clientBusyPercent'),
  ],
  pictured: ['latencyP99Ms', 'bytesPerFrame'],
  claims: [
    ...(['json', 'bytes'] as const).flatMap((mode) => [
      { mode, measure: 'shareOfObjects', limit: { atMost: SHARE } } as const,
      { mode, measure: 'overIntervalP99Ms', limit: { below: BESIDE_INTERVAL_MS } } as const,
    ]),
  ],
  defaults: { seconds: 6, warmUpSeconds: 2, repeats: 3 },
  prepare: async (workbench, settings) => ({
    facts: {},
    run: async (key) => {
      const { frameIntervalMs, samplesPerSecond, series, viewers } = settings.options;
      const { binary, part } = WISHES[key];
      const chosenSeries = Math.max(1, Math.round(series * part));
      const request = { samplesPerSecond, series, viewers, binary, chosenSeries, maxHz: Math.min(20, 1_000 / frameIntervalMs) };
      const module = new URL('./frames-process.js', import.meta.url);
      const options = { frameIntervalMs, metricsWrite: 'anyone' } as const;
      const figures = await runViews<Omit<FramesRequest, 'port'>, FramesFigures>(workbench, settings, { module, options, request });
      return {
        ...figures,
        shareOfObjects: perOne(figures.bytesPerFrame, figures.bytesAsObjects),
        overIntervalP99Ms: figures.latencyP99Ms - frameIntervalMs,
      };
    },
  }),
};
