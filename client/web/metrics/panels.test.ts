import { expect, test } from '@jest/globals';
import { PANEL_SERIES, panelsOf, titleOf } from './panels.js';
import { formatValue, unitOf } from './units.js';

test('an unknown room gets one chart per metric, by name, its series told apart by the labels in which they differ', () => {
  const names = ['temp_celsius{host="a",room="north"}', 'queue_depth{host="a"}', 'temp_celsius{host="a",room="south",shelf="2"}'];
  expect(panelsOf(names)).toMatchObject([
    { title: 'Queue depth', unit: 'count', series: [{ name: 'queue_depth{host="a"}', label: 'Queue depth' }] },
    { title: 'Temp celsius', unit: 'celsius', series: [{ label: 'north' }, { label: 'south 2' }] },
  ]);
});

test('a known chart takes its metrics in its order, and what is left out is shown nowhere', () => {
  const panels = [{ title: 'Network', unit: 'bytesPerSecond', metrics: { net_in: 'In', net_out: 'Out' } }] as const;
  const names = ['net_out{device="a"}', 'net_in{device="a"}', 'net_in{device="b"}', 'net_total', 'other'];
  expect(panelsOf(names, { panels, left: ['net_total'] }).map(({ title, series }) => [title, series.map(({ label }) => label)])).toEqual([
    ['Network', ['In a', 'In b', 'Out a']],
    ['Other', ['Other']],
  ]);
  expect(panelsOf(['net_in{device="a"}'], { panels, left: [] })[0]?.series[0]?.label).toBe('In');
  expect(panelsOf(['other'], { panels, left: [] })).toHaveLength(1);
});

test('a chart says how many series it has no room for', () => {
  const names = Array.from({ length: PANEL_SERIES + 3 }, (_, i) => `cpu{core="${i}"}`);
  expect(panelsOf(names)).toMatchObject([{ left: 3 }]);
});

test('a name that is no series is shown as it stands', () => {
  expect(panelsOf(['broken{label='])).toMatchObject([{ series: [{ name: 'broken{label=' }] }]);
  expect(titleOf('__')).toBe('__');
});

test('units are told by the ends of names, and values are written in them', () => {
  const units = [
    'net_receive_bytes_per_second',
    'disk_bytes',
    'cpu_percent',
    'gc_ms',
    'http_requests_per_second',
    'up_seconds',
    'hit_ratio',
    'n',
  ];
  expect(units.map(unitOf)).toEqual(['bytesPerSecond', 'bytes', 'percent', 'milliseconds', 'perSecond', 'seconds', 'ratio', 'count']);
  expect(formatValue(7.25, 'percent')).toBe('7.3 %');
  expect(formatValue(0.5, 'ratio')).toBe('50 %');
  expect(formatValue(2048, 'bytesPerSecond')).toBe('2 KiB/s');
  expect(formatValue(0.25, 'milliseconds')).toBe('0.25 ms');
  expect(formatValue(1.5, 'seconds')).toBe('1.5 s');
});
