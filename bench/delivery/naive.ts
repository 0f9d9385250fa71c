import { measuresOf } from '../load/load-figures.js';
import { loadScenario } from '../load/load-scenario.js';
import { bytesOption, inFlightOption, membersOption } from './options.js';

/** An event for each user instead of one for the room: stock in a loop on the server, ours as one publication into each user's own room. */
export const naive = loadScenario({
  name: 'naive',
  about: 'the same message to everybody: once to the room, and once to each user',
  options: { members: membersOption(1_000), inFlight: inFlightOption(8), bytes: bytesOption(128) },
  modes: [
    { key: 'ours', label: 'ours, to the room', target: { server: 'hub' } },
    { key: 'ours-each', label: 'ours, to each user', target: { server: 'hub' }, load: ({ members }) => ({ rooms: members }) },
    { key: 'stock', label: 'stock, to the room', isControl: true, target: { server: 'stock' } },
    { key: 'stock-each', label: 'stock, to each user', target: { server: 'stock', options: { perUser: true } } },
  ],
  load: ({ members, inFlight, bytes }) => ({ mode: 'fanout', members, inflight: inFlight, bytes }),
  measures: measuresOf('deliveriesPerSecond', 'cpuPerDeliveryUs', 'cpuPercent', 'latencyP50Ms', 'latencyP99Ms', 'undelivered'),
  pictured: ['deliveriesPerSecond', 'cpuPerDeliveryUs'],
  claims: [],
});
