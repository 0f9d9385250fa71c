import { measuresOf } from '../load/load-figures.js';
import { loadScenario } from '../load/load-scenario.js';
import { bytesOption, inFlightOption } from './options.js';

const EMBEDDED = { group: 'one process' };
const JOINED = { group: 'on Redis' };

/** Publications into a room that nobody hears: what it takes to check, order, keep and acknowledge them. */
export const publish = loadScenario({
  name: 'publish',
  about: 'acknowledged publications per second; the control acknowledges without keeping anything',
  options: {
    publishers: { default: 64, min: 1, max: 1_000, about: 'Connections that publish.' },
    inFlight: inFlightOption(16, 'of each publisher'),
    bytes: bytesOption(128),
  },
  modes: [
    { key: 'lmdb', label: 'ours, on disk (LMDB)', target: { server: 'hub' }, ...EMBEDDED },
    { key: 'memory', label: 'ours, in memory', target: { server: 'hub', options: { store: 'memory' } }, ...EMBEDDED },
    { key: 'stock', label: 'stock, keeps nothing', isControl: true, target: { server: 'stock' }, ...EMBEDDED },
    { key: 'redis', label: 'ours, in Redis', target: { server: 'hub', redis: true }, ...JOINED },
    { key: 'stock-redis', label: 'stock, keeps nothing', isControl: true, target: { server: 'stock', redis: true }, ...JOINED },
  ],
  load: ({ publishers, inFlight, bytes }) => ({ mode: 'publish', members: 0, publishers, inflight: inFlight, bytes }),
  measures: measuresOf('publishedPerSecond', 'cpuPerPublicationUs', 'cpuPercent', 'rssMiB', 'undelivered'),
  pictured: ['publishedPerSecond'],
  claims: [
    { mode: 'lmdb', measure: 'publishedPerSecond', limit: { atLeast: 20_000 } },
    { mode: 'redis', measure: 'publishedPerSecond', relativeTo: 'stock-redis', limit: { atLeast: 1 } },
  ],
});
