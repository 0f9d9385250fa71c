import { Servers, type Target } from '../servers/targets.js';
import type { Workbench } from '../workbench.js';
import { type LoadArguments, LoadClient } from './load-client.js';
import { figuresOf, type LoadFigures } from './load-figures.js';

export type Load = Omit<LoadArguments, 'protocol' | 'seconds' | 'warmup'>;

/** Loads a target for one window, on processes of its own, and ends them. @throws Error when the result is none */
export async function runLoad(
  workbench: Workbench,
  target: Target,
  load: Load,
  { seconds, warmUpSeconds }: { seconds: number; warmUpSeconds: number },
): Promise<LoadFigures> {
  const servers = await Servers.start(workbench, target);
  const client = await LoadClient.start(workbench, servers.port, { ...load, protocol: target.server, seconds, warmup: warmUpSeconds });
  await client.ready();
  await client.windowBegins();
  const endWatch = servers.watch();
  await client.windowEnds();
  const used = endWatch();
  const result = await client.result();
  await workbench.clear();
  return figuresOf(result, used);
}
