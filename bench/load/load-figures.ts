import type { UsedFigures } from '../process-use.js';
import type { Measure } from '../scenario.js';
import { perOne } from '../stats.js';
import type { LoadResult } from './load-client.js';

/** What a run of the load client against servers gives. */
export type LoadFigure =
  | 'deliveriesPerSecond'
  | 'publishedPerSecond'
  | 'latencyP50Ms'
  | 'latencyP99Ms'
  | 'latencyMaxMs'
  | 'cpuPercent'
  | 'cpuPerDeliveryUs'
  | 'cpuPerPublicationUs'
  | 'bytesPerDelivery'
  | 'rssMiB'
  | 'ownGrowthMiB'
  | 'undelivered'
  | 'clientBusyPercent';
export type LoadFigures = Record<LoadFigure, number>;

const MEASURES: Readonly<Record<LoadFigure, Omit<Measure, 'key'>>> = {
  deliveriesPerSecond: { label: 'deliveries per second', unit: '', digits: 0, compared: true },
  publishedPerSecond: { label: 'publications per second', unit: '', digits: 0, compared: true },
  latencyP50Ms: { label: 'publish to deliver p50', unit: 'ms', digits: 2, compared: true },
  latencyP99Ms: { label: 'publish to deliver p99', unit: 'ms', digits: 2, compared: true },
  latencyMaxMs: { label: 'publish to deliver max', unit: 'ms', digits: 1 },
  cpuPercent: { label: 'CPU of the server', unit: '% of a core', digits: 1, compared: true },
  cpuPerDeliveryUs: { label: 'CPU of the server per delivery', unit: 'µs', digits: 2, compared: true },
  cpuPerPublicationUs: { label: 'CPU of the server per publication', unit: 'µs', digits: 1, compared: true },
  bytesPerDelivery: { label: 'bytes per delivery', unit: '', digits: 0, compared: true },
  rssMiB: { label: 'RSS of the server', unit: 'MiB', digits: 0, compared: true },
  ownGrowthMiB: { label: 'growth of its own memory (RssAnon) in the window', unit: 'MiB', digits: 1 },
  undelivered: { label: 'publications that some member did not get', unit: '', digits: 0 },
  clientBusyPercent: { label: 'load client busy', unit: '%', digits: 1 },
};

/** A measure that many scenarios have. */
export const measureOf = <Key extends LoadFigure>(key: Key): Measure<Key> => ({ key, ...MEASURES[key] });

/** Measures by name, in that order; how busy the client was comes last, always. */
export function measuresOf<Key extends LoadFigure>(...keys: Key[]): Measure<Key | 'clientBusyPercent'>[] {
  return [...keys, 'clientBusyPercent' as const].map((key) => measureOf(key));
}

const US_PER_S = 1e6;
const US_PER_MS = 1e3;

/** @param used by the servers, of several together */
export function figuresOf(load: LoadResult, { cpuSeconds, seconds, rssMiB, ownGrowthMiB }: UsedFigures): LoadFigures {
  // The windows are a little apart: what the client prints is read when it is.
  const cores = cpuSeconds / seconds;
  const cpuUs = cores * load.seconds * US_PER_S;
  return {
    deliveriesPerSecond: load.deliveries / load.seconds,
    publishedPerSecond: load.published / load.seconds,
    latencyP50Ms: load.p50Us / US_PER_MS,
    latencyP99Ms: load.p99Us / US_PER_MS,
    latencyMaxMs: load.maxUs / US_PER_MS,
    cpuPercent: cores * 100,
    cpuPerDeliveryUs: perOne(cpuUs, load.deliveries),
    cpuPerPublicationUs: perOne(cpuUs, load.published),
    bytesPerDelivery: perOne(load.bytes, load.deliveries),
    rssMiB,
    ownGrowthMiB,
    undelivered: load.incomplete,
    clientBusyPercent: load.utilisation * 100,
  };
}
