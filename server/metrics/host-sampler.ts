import os from 'node:os';
import { type HostReading, type ReadText, readLinux, readPortable } from './host-readings.js';
import { Rates } from './rates.js';
import { type SamplerOptions, startSampler } from './sampler.js';

export interface HostSamplerOptions extends SamplerOptions {
  /** Label `host` of every series. Default: this machine's name. */
  readonly host?: string;
  /**
   * Whether this process is the one that reports its machine now; asked before each sample, so that of several hubs on one machine one does.
   * Default: it is.
   */
  readonly mayReport?: () => Promise<boolean>;
  /** Reads a file of /proc; given, Linux is assumed. */
  readonly readText?: ReadText;
}

/** Samples this machine: processors, memory, load, network and disks. Gives the function that ends it. */
export function startHostSampler(options: HostSamplerOptions): () => void {
  const { host = os.hostname(), mayReport = async () => true, readText } = options;
  const labels = { host };
  const linux = readText !== undefined || os.platform() === 'linux';
  const rates = new Rates();
  let before: HostReading['shares'] = new Map();
  return startSampler(options, async (now) => {
    const reading = await (linux ? readLinux(labels, readText) : readPortable(labels));
    const values = [...reading.levels, ...shares(reading.shares, before), ...rates.next(reading.counters, now)];
    before = reading.shares;
    return (await mayReport()) ? values : [];
  });
}

function shares(now: HostReading['shares'], before: HostReading['shares']): [string, number][] {
  return [...now].flatMap(([series, { busy, total }]): [string, number][] => {
    const was = before.get(series);
    return was && total > was.total ? [[series, Math.min(100, Math.max(0, (100 * (busy - was.busy)) / (total - was.total)))]] : [];
  });
}
