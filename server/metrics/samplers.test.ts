import { expect, test } from '@jest/globals';
import { KINDS, parseRoom } from '../../shared/rooms.js';
import { ManualClock } from '../../test/support/manual-clock.js';
import { readLinux, readPortable } from './host-readings.js';
import { type HostSamplerOptions, startHostSampler } from './host-sampler.js';
import { startHubSampler } from './hub-sampler.js';

const room = parseRoom('metrics:host', KINDS);

function sinkOf() {
  const clock = new ManualClock();
  const added: { series: string; value: number; t: number }[] = [];
  const faults: unknown[] = [];
  const sink = {
    intake: () => ({ add: (series: string, value: number, t: number) => added.push({ series, value, t }) > 0, end: () => {} }),
  };
  const last = (series: string) => added.filter((sample) => sample.series === series).at(-1)?.value;
  return { added, faults, last, options: { clock, sink, room, onFault: (error: unknown) => faults.push(error) }, clock };
}

const FILES = (second: number): Record<string, string> => ({
  '/proc/stat': `cpu  ${100 + 50 * second} 0 0 ${100 + 150 * second} 0 0 0 0 7 7\ncpu0 ${100 * second} 0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 ${100 * second} 0 0 0 0 0 0\nintr 5 5\n`,
  '/proc/meminfo': 'MemTotal:       1000 kB\nMemFree:  100 kB\nMemAvailable:   250 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n',
  '/proc/loadavg': '0.50 1.25 2.00 1/94 8178\n',
  '/proc/net/dev': `Inter-| Receive | Transmit\n face |bytes packets|bytes\n    lo: 9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\n  eth0:${1000 * second} 1 0 0 0 0 0 0 ${500 * second} 1 0 0 0 0 0 0\n`,
  '/proc/diskstats': `   7 0 loop0 9 9 9 9 9 9 9 9 9 9 9\n 254 0 vda 1 1 ${4 * second} 1 1 1 ${2 * second} 1 0 1 1\n 254 1 vda1 1 1 9 1 1 1 9 1 0 1 1\n 259 0 nvme0n1 1 1 0 1 1 1 0 1 0 1 1\n`,
});

function hostSampler(options: Partial<HostSamplerOptions> = {}) {
  const sampled = sinkOf();
  let looks = 0;
  const readText = async (path: string) =>
    FILES(path === '/proc/stat' ? ++looks : looks)[path] ?? Promise.reject(new Error('no such file'));
  const end = startHostSampler({ ...sampled.options, host: 'h', readText, ...options });
  return { ...sampled, end };
}

test('the machine is sampled each second: shares and rates from two looks on', async () => {
  const { clock, added, last, faults, end } = hostSampler();
  await clock.advance(0);
  expect(added.map(({ series }) => series)).not.toContain('cpu_percent{host="h"}');
  await clock.advance(1_000);
  const second = Object.fromEntries(added.filter(({ t }) => t === clock.now()).map(({ series, value }) => [series, value]));
  expect(second).toEqual({
    'memory_total_bytes{host="h"}': 1_024_000,
    'memory_available_bytes{host="h"}': 256_000,
    'memory_used_bytes{host="h"}': 768_000,
    'memory_used_percent{host="h"}': 75,
    'load1{host="h"}': 0.5,
    'load5{host="h"}': 1.25,
    'load15{host="h"}': 2,
    'cpu_percent{host="h"}': 25,
    'cpu_core_percent{core="0",host="h"}': 100,
    'cpu_core_percent{core="1",host="h"}': 0,
    'network_receive_bytes_per_second{device="eth0",host="h"}': 1_000,
    'network_transmit_bytes_per_second{device="eth0",host="h"}': 500,
    'disk_read_bytes_per_second{device="vda",host="h"}': 2_048,
    'disk_write_bytes_per_second{device="vda",host="h"}': 1_024,
    'disk_read_bytes_per_second{device="nvme0n1",host="h"}': 0,
    'disk_write_bytes_per_second{device="nvme0n1",host="h"}': 0,
  });
  end();
  await clock.advance(5_000);
  expect([clock.armed, faults, last('load1{host="h"}')]).toEqual([0, [], 0.5]);
});

test('files that are not there leave out only what they would have told', async () => {
  const { clock, added, end } = hostSampler({
    readText: async (path) => (path === '/proc/loadavg' ? '1 2 3' : Promise.reject(new Error('denied'))),
  });
  await clock.advance(1_000);
  expect(new Set(added.map(({ series }) => series))).toEqual(new Set(['load1{host="h"}', 'load5{host="h"}', 'load15{host="h"}']));
  end();
});

test('of several hubs on one machine the one that may reports it', async () => {
  let may = false;
  const { clock, added, last, end } = hostSampler({ mayReport: async () => may });
  await clock.advance(1_000);
  expect(added).toEqual([]);
  may = true;
  await clock.advance(1_000);
  expect(last('cpu_percent{host="h"}')).toBe(25);
  end();
});

test('a sampler goes on when the room does not take its samples, and says so once', async () => {
  const { clock, added, faults, options } = sinkOf();
  let refuses = true;
  const sink = {
    intake: () => {
      if (refuses) throw new Error('busy');
      return options.sink.intake();
    },
  };
  const end = startHubSampler({ ...options, sink, node: 'n', rates: {}, levels: { connections: () => 5 } });
  await clock.advance(1_000);
  refuses = false;
  await clock.advance(1_000);
  expect([faults.length, added.length]).toEqual([1, 1]);
  end();
});

test("the hub's counters are shown as rates by node, and a counter that was set back shows nothing", async () => {
  const { clock, added, last, options } = sinkOf();
  let published = 100;
  const end = startHubSampler({
    ...options,
    node: 'n1',
    rates: { messages_published_per_second: () => published },
    levels: { rooms: async () => 3 },
  });
  await clock.advance(0);
  published = 350;
  await clock.advance(1_000);
  expect(last('messages_published_per_second{node="n1"}')).toBe(250);
  expect(last('rooms{node="n1"}')).toBe(3);
  published = 0;
  await clock.advance(1_000);
  expect(added.filter(({ series }) => series.startsWith('messages'))).toHaveLength(1);
  end();
});

test('this very machine can be read', async () => {
  const reading = process.platform === 'linux' ? await readLinux({}) : await readPortable({});
  const portable = await readPortable({});
  for (const { levels, shares } of [reading, portable]) {
    expect(levels.get('memory_total_bytes')).toBeGreaterThan(1e6);
    expect(shares.get('cpu_percent')?.total).toBeGreaterThan(0);
  }
});
