import { measuresOf } from '../load/load-figures.js';
import { loadScenario } from '../load/load-scenario.js';
import { bytesOption, inFlightOption, membersOption } from './options.js';

const deflate = () => ({ deflate: 1 }) as const;

/**
 * Messages that are worth compressing. In a log room, whose presence is a number: the load client takes each compressed frame for a message, and a
 * roster would be long enough to be one.
 */
export const compressed = loadScenario({
  name: 'compressed',
  about: 'one room, messages of 1 KiB of log text, with permessage-deflate and without',
  options: { members: membersOption(1_000), inFlight: inFlightOption(64), bytes: bytesOption(1_024) },
  modes: [
    {
      key: 'ours',
      label: 'ours, compressed',
      target: { server: 'hub', options: { compression: true, logsWrite: 'anyone' } },
      load: deflate,
    },
    { key: 'stock', label: 'stock, compressed', isControl: true, target: { server: 'stock', options: { deflate: true } }, load: deflate },
    { key: 'stock-plain', label: 'stock, not compressed', target: { server: 'stock' } },
  ],
  load: ({ members, inFlight, bytes }) => ({ mode: 'fanout', room: 'logs:bench', members, inflight: inFlight, bytes }),
  measures: measuresOf('deliveriesPerSecond', 'cpuPerDeliveryUs', 'cpuPercent', 'bytesPerDelivery', 'rssMiB', 'undelivered'),
  pictured: ['deliveriesPerSecond', 'bytesPerDelivery'],
  claims: [
    { mode: 'ours', measure: 'deliveriesPerSecond', relativeTo: 'stock', limit: { atLeast: 150 } },
    { mode: 'ours', measure: 'deliveriesPerSecond', relativeTo: 'stock-plain', limit: { atLeast: 20 } },
  ],
});
