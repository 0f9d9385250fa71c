import { setTimeout as delay } from 'node:timers/promises';
import { measureOf } from '../load/load-figures.js';
import type { Mode, RunSettings, Scenario } from '../scenario.js';
import { Servers } from '../servers/targets.js';
import { perOne } from '../stats.js';
import type { Workbench } from '../workbench.js';
import { TRANSPORTS, type Transport, type ViewersCalls } from './calls.js';

const CROWDS = [1, 100, 1_000] as const;
type Crowd = (typeof CROWDS)[number];
type Key = `${Transport}-${Crowd}`;
type Option = 'linesPerSecond' | 'bytes' | 'viewersPercent';
type Measure =
  | 'latencyP50Ms'
  | 'latencyP99Ms'
  | 'cpuPercent'
  | 'cpuPerDeliveryUs'
  | 'bytesPerDelivery'
  | 'requestsPerSecond'
  | 'rssMiB'
  | 'delivered'
  | 'clientBusyPercent';

const LABELS: Record<Transport, string> = {
  websocket: 'WebSocket',
  sse: 'SSE',
  'http-streaming': 'HTTP streaming',
  'long-poll': 'long poll',
  polling: 'polling each second',
};

const modeOf = (transport: Transport, crowd: Crowd): Mode<Key> => ({
  key: `${transport}-${crowd}`,
  label: LABELS[transport],
  group: crowd === 1 ? '1 viewer' : `${crowd.toLocaleString('en-US')} viewers`,
  ...(transport === 'websocket' && { isControl: true }),
});

/** The same log room on each transport: what following it costs. */
export const transports: Scenario<Key, Measure, Option> = {
  name: 'transports',
  about: `a log room followed by ${CROWDS.join(', ')} viewers on each transport: WebSockets or server-sent events?`,
  options: {
    linesPerSecond: { default: 5, min: 1, max: 1_000, about: 'Lines per second that are published into the room.' },
    bytes: { default: 120, min: 1, max: 60_000, about: "Bytes of a line's text." },
    viewersPercent: { default: 100, min: 1, max: 100, about: 'Percent of the viewers that the modes name, 1 at least.' },
  },
  modes: CROWDS.flatMap((crowd) => TRANSPORTS.map((transport) => modeOf(transport, crowd))),
  measures: [
    measureOf('latencyP50Ms'),
    measureOf('latencyP99Ms'),
    measureOf('cpuPercent'),
    { key: 'cpuPerDeliveryUs', label: 'CPU of the server per delivery', unit: 'µs', digits: 1, compared: true },
    { key: 'bytesPerDelivery', label: 'bytes per delivery, both directions', unit: '', digits: 0, compared: true },
    { key: 'requestsPerSecond', label: 'HTTP requests per second', unit: '', digits: 1 },
    measureOf('rssMiB'),
    { key: 'delivered', label: 'deliveries', unit: '', digits: 0 },
    measureOf('clientBusyPercent'),
  ],
  pictured: ['cpuPercent', 'latencyP99Ms', 'bytesPerDelivery'],
  claims: [],
  defaults: { seconds: 4, warmUpSeconds: 1 },
  prepare: async (workbench, settings) => ({
    facts: {},
    run: (key) => {
      const [transport, crowd] = WAYS.get(key)!;
      const viewers = Math.max(1, Math.round((crowd * settings.options.viewersPercent) / 100));
      return run(workbench, settings, transport, viewers);
    },
  }),
};

const WAYS = new Map(CROWDS.flatMap((crowd) => TRANSPORTS.map((transport) => [`${transport}-${crowd}`, [transport, crowd]] as const)));
const US_PER_S = 1e6;

async function run(
  workbench: Workbench,
  { seconds, warmUpSeconds, options: { linesPerSecond, bytes } }: RunSettings<Option>,
  transport: Transport,
  viewers: number,
): Promise<Record<Measure, number>> {
  const servers = await Servers.start(workbench, { server: 'hub', options: { logsWrite: 'anyone' } });
  const client = workbench.start<ViewersCalls>(new URL('./client-process.js', import.meta.url), 'client');
  await client.call('begin', { port: servers.port, transport, viewers, linesPerSecond, bytes });
  await delay(warmUpSeconds * 1_000);
  const endWatch = servers.watch();
  await client.call('watch', { seconds });
  const { cpuSeconds, seconds: watched, rssMiB } = endWatch();
  const load = await client.call('end', {});
  await workbench.clear();
  return {
    ...load,
    rssMiB,
    cpuPercent: (cpuSeconds / watched) * 100,
    cpuPerDeliveryUs: perOne(cpuSeconds * US_PER_S, load.arrived),
    bytesPerDelivery: perOne(load.bytes, load.arrived),
    requestsPerSecond: load.requests / seconds,
  };
}
