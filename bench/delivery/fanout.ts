import { measuresOf } from '../load/load-figures.js';
import { loadScenario } from '../load/load-scenario.js';
import { bytesOption, membersOption } from './options.js';

const MANY = { group: '64 under way', load: () => ({ inflight: 64 }) };
const FEW = { group: '8 under way', load: () => ({ inflight: 8 }) };

/** One room and everybody in it: how fast a publication reaches them all. */
export const fanout = loadScenario({
  name: 'fanout',
  about: 'one room: deliveries per second where the next message goes as soon as everybody has one of those under way',
  options: { members: membersOption(1_000), bytes: bytesOption(128) },
  modes: [
    { key: 'ours-64', label: 'ours', target: { server: 'hub' }, ...MANY },
    { key: 'stock-64', label: 'stock', isControl: true, target: { server: 'stock' }, ...MANY },
    { key: 'ws-64', label: 'plain ws', target: { server: 'ws' }, ...MANY },
    { key: 'ours-8', label: 'ours', target: { server: 'hub' }, ...FEW },
    { key: 'stock-8', label: 'stock', isControl: true, target: { server: 'stock' }, ...FEW },
    { key: 'ws-8', label: 'plain ws', target: { server: 'ws' }, ...FEW },
  ],
  load: ({ members, bytes }) => ({ mode: 'fanout', members, bytes }),
  measures: measuresOf(
    'deliveriesPerSecond',
    'cpuPerDeliveryUs',
    'cpuPercent',
    'latencyP50Ms',
    'latencyP99Ms',
    'bytesPerDelivery',
    'rssMiB',
    'undelivered',
  ),
  pictured: ['deliveriesPerSecond'],
  claims: [
    { mode: 'ours-64', measure: 'deliveriesPerSecond', relativeTo: 'stock-64', limit: { atLeast: 40 } },
    { mode: 'ours-64', measure: 'cpuPerDeliveryUs', relativeTo: 'stock-64', limit: { atMost: 1 / 35 } },
    { mode: 'ours-8', measure: 'deliveriesPerSecond', relativeTo: 'stock-8', limit: { atLeast: 7 } },
  ],
});
