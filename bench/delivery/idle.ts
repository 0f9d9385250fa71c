import { setTimeout as delay } from 'node:timers/promises';
import { LoadClient } from '../load/load-client.js';
import { measureOf } from '../load/load-figures.js';
import type { RunSettings, Scenario } from '../scenario.js';
import { Servers, type Target } from '../servers/targets.js';
import type { Workbench } from '../workbench.js';
import { membersOption } from './options.js';

type Server = 'ours' | 'stock' | 'ws';
type Place = 'connected' | 'joined';
type Mode = `${Server}-${Place}`;
type Measure = 'kibPerConnection' | 'connectSeconds' | 'connectCpuUs' | 'rssMiB' | 'clientBusyPercent';

const TARGETS: Record<Server, Target> = { ours: { server: 'hub' }, stock: { server: 'stock' }, ws: { server: 'ws' } };

const GROUPS: Record<Place, string> = { connected: 'connected, in no room', joined: 'all in one room' };
const modesOf = (place: Place) =>
  [
    { key: `ours-${place}`, label: 'ours', group: GROUPS[place] },
    { key: `stock-${place}`, label: 'stock', isControl: true, group: GROUPS[place] },
    { key: `ws-${place}`, label: 'plain ws', group: GROUPS[place] },
  ] as const;

/** Connections that say nothing: what each of them takes, and what being in a room adds. */
export const idle: Scenario<Mode, Measure, 'members'> = {
  name: 'idle',
  about: 'connections that say nothing: memory of the server for each, and how fast they come in',
  options: { members: membersOption(10_000) },
  modes: [...modesOf('connected'), ...modesOf('joined')],
  measures: [
    { key: 'kibPerConnection', label: 'RSS per connection', unit: 'KiB', digits: 1, compared: true },
    measureOf('rssMiB'),
    { key: 'connectSeconds', label: 'until all are connected', unit: 's', digits: 2, compared: true },
    { key: 'connectCpuUs', label: 'CPU of the server per connection until then', unit: 'µs', digits: 0, compared: true },
    { key: 'clientBusyPercent', label: 'load client busy until then', unit: '%', digits: 1 },
  ],
  pictured: ['kibPerConnection', 'connectSeconds'],
  claims: [
    { mode: 'ours-connected', measure: 'kibPerConnection', limit: { atMost: 7 } },
    { mode: 'ours-connected', measure: 'connectSeconds', relativeTo: 'stock-connected', limit: { atMost: 1 } },
    { mode: 'ours-connected', measure: 'connectCpuUs', relativeTo: 'stock-connected', limit: { atMost: 1 } },
  ],
  prepare: async (workbench, settings) => ({ facts: {}, run: (mode) => run(workbench, settings, mode) }),
};

const KIB_PER_MIB = 1_024;
const US_PER_S = 1e6;

async function run(
  workbench: Workbench,
  { warmUpSeconds, options: { members } }: RunSettings<'members'>,
  mode: Mode,
): Promise<Record<Measure, number>> {
  const [server, place] = mode.split('-') as [Server, Place];
  const target = TARGETS[server];
  const servers = await Servers.start(workbench, target);
  // What a server opens by itself once it listens, such as a thread for jobs, is there by then.
  await delay(warmUpSeconds * 1_000);
  const before = await servers.settledRssKiB();
  const used = servers.watch();
  const client = await LoadClient.start(workbench, servers.port, {
    protocol: target.server,
    mode: 'idle',
    members,
    ...(place === 'connected' && { room: '' }),
  });
  const connectSeconds = await client.ready();
  const connectCpuUs = (used().cpuSeconds / members) * US_PER_S;
  const clientBusyPercent = (client.cpuSeconds() / connectSeconds) * 100;
  // What the last to come set off, such as who is there, has been told by then.
  await delay(warmUpSeconds * 1_000);
  const after = await servers.settledRssKiB();
  await client.end();
  await workbench.clear();
  return { kibPerConnection: (after - before) / members, rssMiB: after / KIB_PER_MIB, connectSeconds, connectCpuUs, clientBusyPercent };
}
