import { measuresOf } from '../load/load-figures.js';
import { loadScenario } from '../load/load-scenario.js';
import { bytesOption, inFlightOption } from './options.js';

/** As docs/deployment.md has it for hubs with many publications. */
const LARGE_YOUNG_GENERATION = '--max-semi-space-size=64';

/** Many small rooms: what a room costs beside what it delivers. */
export const rooms = loadScenario({
  name: 'rooms',
  about: 'many small rooms, messages in all of them',
  options: {
    rooms: { default: 100, min: 1, max: 1_000, about: 'Rooms.' },
    membersPerRoom: { default: 10, min: 1, max: 1_000, about: 'Connections in each of them.' },
    inFlight: inFlightOption(64),
    bytes: bytesOption(128),
  },
  modes: [
    { key: 'memory', label: 'ours, log in memory', target: { server: 'hub', options: { store: 'memory' } } },
    { key: 'lmdb', label: 'ours, log on disk', target: { server: 'hub' } },
    {
      key: 'lmdb-young',
      label: `ours, log on disk, ${LARGE_YOUNG_GENERATION}`,
      target: { server: 'hub', nodeArgs: [LARGE_YOUNG_GENERATION] },
    },
    { key: 'stock', label: 'stock', isControl: true, target: { server: 'stock' } },
    { key: 'ws', label: 'plain ws', target: { server: 'ws' } },
  ],
  load: (options) => ({
    mode: 'fanout',
    rooms: options.rooms,
    members: options.rooms * options.membersPerRoom,
    inflight: options.inFlight,
    bytes: options.bytes,
  }),
  measures: measuresOf(
    'deliveriesPerSecond',
    'publishedPerSecond',
    'cpuPerDeliveryUs',
    'cpuPercent',
    'latencyP50Ms',
    'latencyP99Ms',
    'rssMiB',
    'undelivered',
  ),
  pictured: ['deliveriesPerSecond'],
  claims: [
    { mode: 'memory', measure: 'deliveriesPerSecond', relativeTo: 'stock', limit: { atLeast: 6 } },
    { mode: 'lmdb', measure: 'deliveriesPerSecond', relativeTo: 'stock', limit: { atLeast: 6 } },
    { mode: 'lmdb-young', measure: 'deliveriesPerSecond', relativeTo: 'stock', limit: { atLeast: 6 } },
  ],
});
