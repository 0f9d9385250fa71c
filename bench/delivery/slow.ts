import { OPTIONS } from '../../server/config/options.js';
import { measuresOf } from '../load/load-figures.js';
import { loadScenario } from '../load/load-scenario.js';
import { bytesOption, membersOption } from './options.js';

const NONE = { group: 'everybody reads' };
type Option = 'members' | 'slowPercent' | 'messagesPerSecond' | 'bytes';
const SOME = {
  group: 'some do not read',
  load: ({ members, slowPercent }: Readonly<Record<Option, number>>) => ({ slow: Math.ceil((members * slowPercent) / 100) }),
};
/**
 * What the hub lets wait for a connection, and what its heap may grow by meanwhile. Judged is the memory of its own: its RSS grows by the
 * pages of the log's mapped file as well, as much when everybody reads, and those are not kept for anybody.
 */
const LIMIT_MIB = OPTIONS.unsentBytes.default / 1024 ** 2;
const HEAP_MIB = 20;

/** Members that stop reading: what the server keeps for them, and what the others feel of it. */
export const slow = loadScenario({
  name: 'slow',
  about:
    'one room at a steady rate, in which some members do not read, and the same without them; the growth leaves out the mapped file of the log',
  options: {
    members: membersOption(100),
    slowPercent: { default: 1, min: 0, max: 50, about: 'Percent of the members that do not read.' },
    messagesPerSecond: { default: 100, min: 1, max: 10_000, about: 'Messages per second.' },
    // So much that what the system itself keeps for a connection is full before the window begins.
    bytes: bytesOption(32_768),
  },
  modes: [
    { key: 'ours', label: 'ours', target: { server: 'hub' }, ...NONE },
    { key: 'stock', label: 'stock', isControl: true, target: { server: 'stock' }, ...NONE },
    { key: 'ours-slow', label: 'ours', target: { server: 'hub' }, ...SOME },
    { key: 'stock-slow', label: 'stock', isControl: true, target: { server: 'stock' }, ...SOME },
  ],
  load: ({ members, messagesPerSecond, bytes }) => ({ mode: 'rate', members, rate: messagesPerSecond, bytes }),
  measures: measuresOf('ownGrowthMiB', 'rssMiB', 'latencyP50Ms', 'latencyP99Ms', 'cpuPercent', 'deliveriesPerSecond', 'undelivered'),
  pictured: ['ownGrowthMiB', 'latencyP99Ms'],
  claims: [
    { mode: 'ours-slow', measure: 'ownGrowthMiB', limit: { atMost: LIMIT_MIB + HEAP_MIB } },
    { mode: 'ours-slow', measure: 'latencyP99Ms', relativeTo: 'ours', limit: { atMost: 1.5 } },
  ],
  defaults: { seconds: 8, warmUpSeconds: 3 },
});
