import { measuresOf } from '../load/load-figures.js';
import { type LoadMode, loadScenario } from '../load/load-scenario.js';
import { bytesOption, membersOption } from './options.js';

/** Messages per second into one room. */
const RATES = [50, 200, 1_000] as const;
type Rate = (typeof RATES)[number];
type Option = 'members' | 'bytes';
type Key = `${'ours' | 'window' | 'stock'}-${Rate}`;

/** The longest that there is: for rooms that are busier than one core can be. */
const WINDOW_MS = 5;

function modesAt(rate: Rate): LoadMode<Key, Option>[] {
  const same = { group: `${rate.toLocaleString('en-US')} messages per second`, load: () => ({ rate }) };
  return [
    { key: `ours-${rate}`, label: 'ours', target: { server: 'hub' }, ...same },
    { key: `window-${rate}`, label: 'ours, with a window', target: { server: 'hub', options: { deliveryWindowMs: WINDOW_MS } }, ...same },
    { key: `stock-${rate}`, label: 'stock', isControl: true, target: { server: 'stock' }, ...same },
  ];
}

/** A steady room: what it costs when nobody is in a hurry, and how late messages come. */
export const rate = loadScenario({
  name: 'rate',
  about: `one room at steady rates (${RATES.join(', ')} messages per second), sent when they are due, whatever became of those before`,
  options: { members: membersOption(1_000), bytes: bytesOption(128) },
  modes: RATES.flatMap(modesAt),
  load: ({ members, bytes }) => ({ mode: 'rate', members, bytes }),
  measures: measuresOf('cpuPercent', 'latencyP50Ms', 'latencyP99Ms', 'latencyMaxMs', 'deliveriesPerSecond', 'undelivered', 'rssMiB'),
  pictured: ['cpuPercent', 'latencyP99Ms'],
  claims: [
    { mode: 'ours-50', measure: 'cpuPercent', relativeTo: 'stock-50', limit: { atMost: 0.7 } },
    { mode: 'ours-50', measure: 'latencyP99Ms', relativeTo: 'stock-50', limit: { atMost: 1 } },
    { mode: 'window-1000', measure: 'undelivered', limit: { atMost: 0 } },
    { mode: 'window-1000', measure: 'latencyP99Ms', limit: { atMost: 30 } },
    { mode: 'window-1000', measure: 'cpuPercent', limit: { atMost: 85 } },
  ],
});
