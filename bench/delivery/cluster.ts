import { measuresOf } from '../load/load-figures.js';
import { loadScenario } from '../load/load-scenario.js';
import { bytesOption, inFlightOption, membersOption } from './options.js';

const JOINED = { redis: true, instances: 2 } as const;

/** One room over two instances: half of the members on each, the publisher on one of them. */
export const cluster = loadScenario({
  name: 'cluster',
  about: 'one room on two instances that Redis joins',
  options: { members: membersOption(1_000), inFlight: inFlightOption(64), bytes: bytesOption(128) },
  modes: [
    { key: 'ours', label: 'ours', target: { server: 'hub', ...JOINED } },
    { key: 'stock', label: 'stock, sharded adapter', isControl: true, target: { server: 'stock', ...JOINED } },
  ],
  load: ({ members, inFlight, bytes }) => ({ mode: 'fanout', members, inflight: inFlight, bytes }),
  measures: measuresOf('deliveriesPerSecond', 'cpuPerDeliveryUs', 'cpuPercent', 'latencyP50Ms', 'latencyP99Ms', 'rssMiB', 'undelivered'),
  pictured: ['deliveriesPerSecond'],
  claims: [],
});
