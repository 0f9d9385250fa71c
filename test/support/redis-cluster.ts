import { freePort, startRedis, type TestRedis } from './redis.js';
import { askRedis } from './redis-client.js';
import { waitFor } from './wait.js';

export interface TestRedisCluster {
  /** `redis+cluster://…` */
  readonly url: string;
  readonly masters: readonly TestRedis[];
  /** The master that has a slot, as the first living one says. */
  ownerOf(slot: number): Promise<TestRedis>;
  slotOf(key: string): Promise<number>;
  /** Moves a slot as `redis-cli --cluster reshard` does; `midway` runs when its keys are still where they were. */
  moveSlot(slot: number, to: TestRedis, midway?: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

const SLOTS = 16_384;
/** Longer than a busy machine keeps a master from answering the others: none is given up but the one that a test ends. */
const NODE_TIMEOUT_MS = 4_000;

/** Masters without replicas, which share the slots evenly; the slots of one that is gone are missed, the others are served. */
export async function startRedisCluster({
  masters: count = 3,
  args = [],
}: {
  masters?: number;
  args?: readonly string[];
} = {}): Promise<TestRedisCluster> {
  const masters: TestRedis[] = [];
  for (let n = 0; n < count; n++) masters.push(await startMember(args));
  const share = SLOTS / count;
  for (const [n, { port }] of masters.entries()) {
    await askRedis({ port }, 'CLUSTER', 'ADDSLOTSRANGE', Math.ceil(n * share), Math.ceil((n + 1) * share) - 1);
    await askRedis({ port }, 'CLUSTER', 'SET-CONFIG-EPOCH', n + 1);
  }
  await introduce(masters);
  const ids = new Map<TestRedis, string>();
  for (const master of masters) ids.set(master, String(await askRedis(master, 'CLUSTER', 'MYID')));

  async function alive(): Promise<TestRedis> {
    for (const master of masters) {
      const answered = await askRedis(master, 'PING').catch(() => undefined);
      if (answered) return master;
    }
    throw new Error('no master answers');
  }

  async function ownerOf(slot: number): Promise<TestRedis> {
    const ranges = (await askRedis(await alive(), 'CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
    const [, , at] = ranges.find(([first, last]) => first <= slot && slot <= last)!;
    return masters.find(({ port }) => port === at[1])!;
  }

  return {
    url: `redis+cluster://${masters.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    masters,
    ownerOf,
    slotOf: async (key) => Number(await askRedis(await alive(), 'CLUSTER', 'KEYSLOT', key)),
    async moveSlot(slot, to, midway = async () => {}) {
      const from = await ownerOf(slot);
      await askRedis(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids.get(from)!);
      await askRedis(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids.get(to)!);
      await midway();
      for (;;) {
        const keys = (await askRedis(from, 'CLUSTER', 'GETKEYSINSLOT', slot, 1)) as string[];
        if (keys.length === 0) break;
        await askRedis(from, 'MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys);
      }
      for (const server of new Set([to, from, ...masters])) await askRedis(server, 'CLUSTER', 'SETSLOT', slot, 'NODE', ids.get(to)!);
    },
    async stop() {
      await Promise.all(masters.map((master) => master.stop()));
    },
  };
}

async function startMember(args: readonly string[]): Promise<TestRedis> {
  const cluster = ['--cluster-enabled', 'yes', '--cluster-require-full-coverage', 'no', '--cluster-node-timeout', String(NODE_TIMEOUT_MS)];
  // The usual bus port, 10,000 above, is none for high ports.
  return startRedis({ args: [...cluster, '--cluster-port', String(await freePort()), ...args] });
}

async function introduce(masters: readonly TestRedis[]): Promise<void> {
  const [first, ...others] = masters;
  for (const other of others) {
    const [bus] = Object.values((await askRedis(other, 'CONFIG', 'GET', 'cluster-port')) as Record<string, string>);
    await askRedis(first!, 'CLUSTER', 'MEET', '127.0.0.1', other.port, bus!);
  }
  const settled = async (master: TestRedis) => {
    const info = String(await askRedis(master, 'CLUSTER', 'INFO'));
    return info.includes('cluster_state:ok') && info.includes(`cluster_size:${masters.length}`);
  };
  await waitFor(async () => (await Promise.all(masters.map(settled))).every(Boolean), {
    what: 'the Cluster to be one',
  });
}
