import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { formatSeries } from '../../shared/series-name.js';
import { parseCpuTimes, parseDisks, parseMemory, parseNetwork } from './proc-readings.js';

/** What one look at the machine gives, by series without the label of the host. */
export interface HostReading {
  readonly levels: ReadonlyMap<string, number>;
  /** Only rise: what they rise by in a second is their series' value. */
  readonly counters: ReadonlyMap<string, number>;
  /** Busy and total time since boot in any unit, by series: the share of the time between two looks is the value, in percent. */
  readonly shares: ReadonlyMap<string, { busy: number; total: number }>;
}

export type ReadText = (path: string) => Promise<string>;

/** Reads Linux' /proc; a file that cannot be read leaves out what it would have told. */
export async function readLinux(
  labels: Readonly<Record<string, string>>,
  read: ReadText = (path) => readFile(path, 'utf8'),
): Promise<HostReading> {
  const files = ['/proc/stat', '/proc/meminfo', '/proc/loadavg', '/proc/net/dev', '/proc/diskstats'];
  const [stat = '', meminfo = '', loadavg = '', netDev = '', diskstats = ''] = await Promise.all(
    files.map((path) => read(path).catch(() => '')),
  );
  const counters = new Map<string, number>();
  for (const { device, received, sent } of parseNetwork(netDev)) {
    counters.set(formatSeries('network_receive_bytes_per_second', { ...labels, device }), received);
    counters.set(formatSeries('network_transmit_bytes_per_second', { ...labels, device }), sent);
  }
  for (const { device, read, written } of parseDisks(diskstats)) {
    counters.set(formatSeries('disk_read_bytes_per_second', { ...labels, device }), read);
    counters.set(formatSeries('disk_write_bytes_per_second', { ...labels, device }), written);
  }
  const levels = [...parseMemory(meminfo), ...loads(loadavg.split(' ').slice(0, 3).map(Number.parseFloat))];
  return { levels: labelled(levels, labels), counters, shares: cpuShares(parseCpuTimes(stat), labels) };
}

/** What Node tells of any machine: processors, memory, and load where the system knows it. */
export async function readPortable(labels: Readonly<Record<string, string>>): Promise<HostReading> {
  const cores = os.cpus().map(({ times }, core) => {
    const total = Object.values(times).reduce((sum, time) => sum + time, 0);
    return { core: String(core), busy: total - times.idle, total };
  });
  const sum = (key: 'busy' | 'total') => cores.reduce((all, core) => all + core[key], 0);
  const [total, free] = [os.totalmem(), os.freemem()];
  const levels = new Map([
    ['memory_total_bytes', total],
    ['memory_available_bytes', free],
    ['memory_used_bytes', total - free],
    ['memory_used_percent', (100 * (total - free)) / total],
    ...(os.platform() === 'win32' ? [] : loads(os.loadavg())),
  ] as [string, number][]);
  const all = { core: '', busy: sum('busy'), total: sum('total') };
  return { levels: labelled(levels, labels), counters: new Map(), shares: cpuShares([all, ...cores], labels) };
}

/** Processes that want to run, averaged over 1, 5 and 15 minutes. */
const loads = ([one = Number.NaN, five = Number.NaN, fifteen = Number.NaN]: readonly number[]): [string, number][] =>
  (
    [
      ['load1', one],
      ['load5', five],
      ['load15', fifteen],
    ] as [string, number][]
  ).filter(([, load]) => Number.isFinite(load));

const labelled = (values: Iterable<[string, number]>, labels: Readonly<Record<string, string>>): Map<string, number> =>
  new Map(Array.from(values, ([name, value]) => [formatSeries(name, labels), value]));

function cpuShares(times: readonly { core: string; busy: number; total: number }[], labels: Readonly<Record<string, string>>) {
  return new Map(
    times.map(({ core, busy, total }) => [
      core === '' ? formatSeries('cpu_percent', labels) : formatSeries('cpu_core_percent', { ...labels, core }),
      { busy, total },
    ]),
  );
}
