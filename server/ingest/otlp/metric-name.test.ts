import { expect, test } from '@jest/globals';
import { prometheusLabel, prometheusName } from './metric-name.js';

test.each([
  ['http.server.request.duration', 's', 'other', 'http_server_request_duration_seconds'],
  ['process.cpu.time', 's', 'counter', 'process_cpu_time_seconds_total'],
  ['requests_total', '{request}', 'counter', 'requests_total'],
  ['total.requests', '', 'counter', 'requests_total'],
  ['system.memory.usage', 'By', 'gauge', 'system_memory_usage_bytes'],
  ['disk_bytes', 'By', 'gauge', 'disk_bytes'],
  ['cpu.utilization', '1', 'gauge', 'cpu_utilization_ratio'],
  ['retries', '1', 'counter', 'retries_total'],
  ['speed', 'm/s', 'gauge', 'speed_meters_per_second'],
  ['io', 'By/s', 'gauge', 'io_bytes_per_second'],
  ['calls', '{call}/min', 'gauge', 'calls_per_min'],
  ['used', '%', 'gauge', 'used_percent'],
  ['weird  --name..', 'furlong', 'gauge', 'weird_name_furlong'],
  ['1st.try', '', 'gauge', '_1st_try'],
  ['a:b', '', 'gauge', 'a:b'],
  ['größe', 'constructor', 'gauge', 'gr_e_constructor'],
  ['...', 's', 'counter', ''],
] as const)('%s in %j as a %s is %s', (name, unit, as, expected) => {
  expect(prometheusName({ name, unit, as })).toBe(expected);
});

test('labels have letters, digits and underscores only, and begin with no digit', () => {
  expect(['http.method', '2xx', 'a-b c', '__proto__', ''].map(prometheusLabel)).toEqual([
    'http_method',
    'key_2xx',
    'a_b_c',
    '__proto__',
    '',
  ]);
});
