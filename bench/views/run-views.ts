import { setTimeout as delay } from 'node:timers/promises';
import type { HubOptions } from '../servers/calls.js';
import { Servers } from '../servers/targets.js';
import type { Workbench } from '../workbench.js';
import type { ViewCalls } from './calls.js';

/** Of the window. */
export interface ServerFigures {
  readonly cpuPercent: number;
  readonly rssMiB: number;
  readonly ownGrowthMiB: number;
}

interface Views<Request> {
  /** The load's process. */
  readonly module: URL;
  readonly options: HubOptions;
  readonly request: Request;
}

/** Runs a load of viewers against one hub, and ends both. @throws Error as the load */
export async function runViews<Request extends object, Figures extends object>(
  workbench: Workbench,
  { seconds, warmUpSeconds }: { readonly seconds: number; readonly warmUpSeconds: number },
  { module, options, request }: Views<Request>,
): Promise<Figures & ServerFigures> {
  const servers = await Servers.start(workbench, { server: 'hub', options });
  const load = workbench.start<ViewCalls<Request & { port: number }, Figures>>(module, 'client');
  await load.call('begin', { ...request, port: servers.port });
  await delay(warmUpSeconds * 1_000);
  const endWatch = servers.watch();
  await load.call('watch', { seconds });
  const { cpuSeconds, seconds: watched, rssMiB, ownGrowthMiB } = endWatch();
  const figures = await load.call('end', {});
  await workbench.clear();
  return { ...figures, cpuPercent: (cpuSeconds / watched) * 100, rssMiB, ownGrowthMiB };
}
