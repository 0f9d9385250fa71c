import type { BenchProcess } from '../process.js';
import type { UsedFigures } from '../process-figures.js';
import type { Workbench } from '../workbench.js';
import type { HubOptions, ServerCalls, ServerPlace, StockOptions } from './calls.js';
import { openFront } from './front.js';
import { startRedis } from './redis.js';

/** A server that is measured. */
export type Target = (
  | { readonly server: 'hub'; readonly options?: HubOptions }
  | { readonly server: 'stock'; readonly options?: StockOptions }
  | { readonly server: 'ws'; readonly options?: object }
) & {
  /** With a Redis of its own. */
  readonly redis?: true;
  /** Processes behind one address; left out: one. */
  readonly instances?: number;
};

const MODULES = {
  hub: new URL('./hub-process.js', import.meta.url),
  stock: new URL('./stock-process.js', import.meta.url),
  ws: new URL('./ws-process.js', import.meta.url),
};

/** The processes of a target, opened. */
export class Servers {
  private constructor(
    private readonly processes: readonly BenchProcess<ServerCalls>[],
    readonly port: number,
  ) {}

  static async start(workbench: Workbench, { server, options = {}, redis, instances = 1 }: Target): Promise<Servers> {
    const redisUrl = redis && (await startRedis(workbench));
    const processes = Array.from({ length: instances }, () => workbench.start<ServerCalls>(MODULES[server], 'server'));
    const listens = instances === 1;
    const opened = await Promise.all(
      processes.map(async (one) => {
        const place: ServerPlace = { dataDir: await workbench.newDir(), ...(redisUrl !== undefined && { redisUrl }) };
        return one.call('open', { place, options, listens });
      }),
    );
    return new Servers(processes, listens ? opened[0]!.port : await openFront(workbench, processes));
  }

  async begin(): Promise<void> {
    await Promise.all(this.processes.map((one) => one.call('begin', {})));
  }

  async end(): Promise<UsedFigures[]> {
    return Promise.all(this.processes.map((one) => one.call('end', {})));
  }

  /** Of all of them, after a full collection. */
  async settledRssKiB(): Promise<number> {
    const each = await Promise.all(this.processes.map((one) => one.call('settledRssKiB', {})));
    return each.reduce((sum, one) => sum + one, 0);
  }
}
