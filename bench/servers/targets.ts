import { setTimeout as delay } from 'node:timers/promises';
import type { BenchProcess } from '../process.js';
import { rssKiBOf, type UsedFigures, watchUse } from '../process-use.js';
import type { Workbench } from '../workbench.js';
import type { HubOptions, ServerCalls, ServerPlace, StockOptions } from './calls.js';
import { openFront } from './front.js';
import { type Redis, startRedis } from './redis.js';

/** A server that is measured. */
export type Target = (
  | { readonly server: 'hub'; readonly options?: HubOptions }
  | { readonly server: 'stock'; readonly options?: StockOptions }
  | { readonly server: 'ws'; readonly options?: object }
) & {
  /** With a Redis of its own. */
  readonly redis?: true;
  /** Options of Node's own. */
  readonly nodeArgs?: readonly string[];
  /** Processes behind one address; left out: one. */
  readonly instances?: number;
};

const MODULES = {
  hub: new URL('./hub-process.js', import.meta.url),
  stock: new URL('./stock-process.js', import.meta.url),
  ws: new URL('./ws-process.js', import.meta.url),
};

/** The processes of a target, opened. */
/** In which V8 gives the pages that a collection has emptied back to the system: it does that in the background. */
const GIVEN_BACK_MS = 1_500;

export class Servers {
  private constructor(
    private readonly processes: readonly BenchProcess<ServerCalls>[],
    readonly port: number,
    private readonly redis: Redis | undefined,
  ) {}

  static async start(workbench: Workbench, { server, options = {}, redis: withRedis, nodeArgs, instances = 1 }: Target): Promise<Servers> {
    const redis = withRedis && (await startRedis(workbench));
    const processes = Array.from({ length: instances }, () => workbench.start<ServerCalls>(MODULES[server], 'server', nodeArgs));
    const listens = instances === 1;
    const opened = await Promise.all(
      processes.map(async (one) => {
        const place: ServerPlace = { dataDir: await workbench.newDir(), ...(redis && { redisUrl: redis.url }) };
        return one.call('open', { place, options, listens });
      }),
    );
    return new Servers(processes, listens ? opened[0]!.port : await openFront(workbench, processes), redis);
  }

  /** Opens a window on all of them; the CPU of their Redis counts too. */
  watch(): () => UsedFigures {
    return watchUse(this.#pids, this.redis ? [this.redis.pid] : []);
  }

  /** Of all of them, after a full collection: what is held, without what waits to be collected or to be given back. */
  async settledRssKiB(): Promise<number> {
    await Promise.all(this.processes.map((one) => one.call('collect', {})));
    await delay(GIVEN_BACK_MS);
    return this.#pids.reduce((sum, pid) => sum + rssKiBOf(pid), 0);
  }

  get #pids(): number[] {
    return this.processes.map(({ pid }) => pid);
  }
}
