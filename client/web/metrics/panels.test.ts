import { expect, test } from '@jest/globals';
import type { PanelSpec } from './dashboard.js';
import { everyMetric, PANEL_LINES, panelsOf, titleOf } from './panels.js';
import { readyFor } from './ready-dashboards.js';
import { type SeriesChoice, SeriesIndex } from './series-index.js';
import { formatValue, rateUnit, unitOf } from './units.js';

const panel = (spec: Partial<PanelSpec>, names: readonly string[]) =>
  panelsOf(new SeriesIndex(names), { panels: [{ title: 'P', kind: 'line', queries: [], ...spec }] })[0]!;
const every = (names: readonly string[]) => {
  const index = new SeriesIndex(names);
  return panelsOf(index, { panels: everyMetric(index) });
};
const labels = ({ lines }: ReturnType<typeof panel>) => lines.map(({ label }) => label);

test('every metric has a chart, by name, its series told apart by the labels in which they differ', () => {
  const names = ['temp_celsius{host="a",room="north"}', 'queue_depth{host="a"}', 'temp_celsius{host="a",room="south",shelf="2"}'];
  expect(every(names).map((one) => [one.title, one.unit, labels(one)])).toEqual([
    ['Queue depth', 'count', ['Queue depth']],
    ['Temp celsius', 'celsius', ['north', 'south 2']],
  ]);
});

test('counters are drawn as what they rise by, histograms as heatmaps by rising bucket, points in time as numbers', () => {
  const buckets = ['+Inf', '0.5', '0.1'].map((le) => `took_seconds_bucket{le="${le}"}`);
  const panels = every([
    ...buckets,
    'took_seconds_count',
    'took_seconds_sum',
    'users_count',
    'sent_bytes_total',
    'process_start_time_seconds',
  ]);
  expect(panels.map(({ title, kind, unit }) => [title, kind, unit])).toEqual([
    ['Process start time seconds', 'stat', 'date'],
    ['Sent bytes total', 'line', 'bytesPerSecond'],
    ['Took seconds bucket', 'heatmap', 'perSecond'],
    ['Took seconds count', 'line', 'perSecond'],
    ['Users count', 'line', 'count'],
  ]);
  expect(labels(panels[2]!)).toEqual(['0.1', '0.5', '+Inf']);
  expect(panels[4]!.lines[0]!.sources[0]!.rate).toBe(false);
});

test('series of several metrics are named by both, and combined ones by their label', () => {
  const queries = [
    { series: 'net_in', label: 'In' },
    { series: 'net_out', label: 'Out' },
  ];
  const names = ['net_out{device="a"}', 'net_in{device="a",host="1"}', 'net_in{device="b",host="1"}'];
  expect(labels(panel({ queries }, names))).toEqual(['In a 1', 'In b 1', 'Out a']);
  const combined = panel({ queries, combine: 'sum', by: 'device' }, [...names, 'net_in{device="b",host="2"}']);
  expect(labels(combined)).toEqual(['In a', 'In b', 'Out a']);
  expect(combined.lines[1]!.sources).toHaveLength(2);
  expect(labels(panel({ queries, combine: 'sum' }, names))).toEqual(['In', 'Out']);
});

test('patterns choose by labels and stars, and one that cannot be read chooses nothing', () => {
  const names = ['cpu{mode="idle"}', 'cpu{mode="user"}', 'cpu_load'];
  const matched = (series: string) =>
    panel({ queries: [{ series }] }, names).lines.flatMap(({ sources }) => sources.map(({ name }) => name));
  expect(matched('cpu{mode="user"}')).toEqual(['cpu{mode="user"}']);
  expect(matched('cpu*')).toEqual(names);
  expect(matched('cpu{mode=')).toEqual([]);
});

test('a chart says how many lines it has no room for', () => {
  const names = Array.from({ length: PANEL_LINES + 3 }, (_, i) => `cpu{core="${i}"}`);
  expect(every(names)).toMatchObject([{ left: 3 }]);
});

test('a name that is no series is shown as it stands', () => {
  expect(every(['broken{label='])[0]!.lines[0]!.sources).toMatchObject([{ name: 'broken{label=' }]);
  expect(titleOf('__')).toBe('__');
});

test('what is chosen by label and name is shown, and series without the label stay', () => {
  const names = ['cpu{host="a"}', 'cpu{host="b"}', 'load{host="a"}', 'cpu_total'];
  const shown = (choice: SeriesChoice) => new SeriesIndex(names, choice).all().map(({ name }) => name);
  expect(shown({ labels: { host: 'b' }, name: 'cpu' })).toEqual(['cpu{host="b"}', 'cpu_total']);
  expect([...new SeriesIndex(names).labels(10)]).toEqual([['host', ['a', 'b']]]);
  expect([...new SeriesIndex(names).labels(1)]).toEqual([]);
});

test('a room of a node exporter, of a host and of a hub has its ready dashboard, another room has none', () => {
  const ids = (...metrics: string[]) => readyFor(new Set(metrics)).map(({ id }) => id);
  expect(ids('node_cpu_seconds_total', 'node_memory_MemAvailable_bytes', 'up')).toEqual(['node-exporter']);
  expect(ids('cpu_percent', 'memory_used_percent')).toEqual(['host']);
  expect(ids('event_loop_lag_p50_ms', 'messages_delivered_per_second')).toEqual(['hub']);
  expect(ids('cpu_percent')).toEqual([]);
});

test('units are told by the ends of names, and values are written in them', () => {
  const units = {
    net_receive_bytes_per_second: 'bytesPerSecond',
    disk_bytes: 'bytes',
    disk_bytes_total: 'bytes',
    cpu_percent: 'percent',
    gc_ms: 'milliseconds',
    http_requests_per_second: 'perSecond',
    up_seconds: 'seconds',
    node_boot_time_seconds: 'date',
    hit_ratio: 'ratio',
    n: 'count',
  };
  expect(Object.keys(units).map(unitOf)).toEqual(Object.values(units));
  expect((['bytes', 'seconds', 'count', 'celsius'] as const).map(rateUnit)).toEqual(['bytesPerSecond', 'ratio', 'perSecond', 'celsius']);
  expect(formatValue(7.25, 'percent')).toBe('7.3 %');
  expect(formatValue(0.5, 'ratio')).toBe('50 %');
  expect(formatValue(2048, 'bytesPerSecond')).toBe('2 KiB/s');
  expect(formatValue(0.25, 'milliseconds')).toBe('0.25 ms');
  expect(formatValue(1.5, 'seconds')).toBe('1.5 s');
});
