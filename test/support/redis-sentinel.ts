import { startRedis, type TestRedis } from './redis.js';
import { askRedis } from './redis-client.js';
import { waitFor } from './wait.js';

export interface TestSentinels {
  /** `redis+sentinel://…` */
  readonly url: string;
  readonly master: TestRedis;
  readonly replica: TestRedis;
  readonly sentinels: readonly TestRedis[];
  /** The port that the Sentinels name now. */
  masterPort(): Promise<number>;
  stop(): Promise<void>;
}

const MASTER = 'main';
/** Longer than a busy machine keeps a master from answering: no failover but the one that a test makes. */
const DOWN_AFTER_MS = 3_000;

/** A master, its replica in step, and three Sentinels that know of each other. */
export async function startSentinel({ args = [] }: { args?: readonly string[] } = {}): Promise<TestSentinels> {
  const master = await startRedis({ args });
  const replica = await startRedis({ args: [...args, '--replicaof', `127.0.0.1 ${master.port}`] });
  const monitored = [
    `sentinel monitor ${MASTER} 127.0.0.1 ${master.port} 2`,
    `sentinel down-after-milliseconds ${MASTER} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${MASTER} 4000`,
    '',
  ].join('\n');
  const sentinels = await Promise.all([1, 2, 3].map(() => startRedis({ sentinel: monitored })));
  const all = [master, replica, ...sentinels];
  await waitFor(async () => String(await askRedis(replica, 'INFO', 'replication')).includes('master_link_status:up'), {
    what: 'the replica to be in step',
  });
  await waitFor(async () => (await Promise.all(sentinels.map(knowsAll))).every(Boolean), {
    what: 'the Sentinels to know of each other',
  });
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${MASTER}`,
    ...{ master, replica, sentinels },
    masterPort: async () => Number(((await askRedis(sentinels[0]!, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER)) as string[])[1]),
    async stop() {
      await Promise.all(all.map((server) => server.stop()));
    },
  };
}

async function knowsAll(sentinel: TestRedis): Promise<boolean> {
  const info = String(await askRedis(sentinel, 'INFO', 'sentinel'));
  return info.includes('slaves=1,sentinels=3');
}
