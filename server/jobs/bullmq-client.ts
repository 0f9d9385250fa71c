import { createNodeRedisClient, type IRedisClient } from 'bullmq';
import { createClient, type RedisClientOptions } from 'redis';
import { parseTopology, type RedisTarget } from '../adapter/topology.js';
import { createFollowingClient } from './bullmq-following-client.js';

export interface BullRedis {
  readonly url: string;
  /** Where the master of BullMQ's keys is, where it is not always at the URL. */
  locate(): Promise<RedisTarget>;
}

/** BullMQ's client: it reconnects by itself, and notices a silent link by its own pings. */
export function openBullClient({ url, locate }: BullRedis, clients: Set<IRedisClient>): IRedisClient {
  const options: RedisClientOptions = {
    pingInterval: 3_000,
    socket: {
      connectTimeout: 1_000,
      // Longer than a blocking read (10 s), which answers nothing meanwhile.
      socketTimeout: 15_000,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 10), 1_000),
    },
  };
  const single = parseTopology(url)?.form === 'single';
  return keep(createNodeRedisClient(single ? createClient({ url, ...options }) : createFollowingClient(locate, options)), clients);
}

/** Notes a client and those made from it, and hears their errors: BullMQ stops listening to a client that it closes, and an error then would end the process. */
function keep(client: IRedisClient, clients: Set<IRedisClient>): IRedisClient {
  clients.add(client);
  client.on('error', () => {});
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (...args: Parameters<IRedisClient['duplicate']>) => keep(duplicate(...args), clients);
  return client;
}
