import { createClient } from 'redis';
import { replyCode } from './command-errors.js';
import { startPatience } from './patience.js';
import type { RedisTarget } from './topology.js';

export type RedisClient = ReturnType<typeof newClient>;

/** A client that lives for one connection: node-redis' own reconnection cannot be told of a link that is silent. */
export function newClient(target: Partial<RedisTarget>) {
  const socket = 'socket' in target ? target.socket : {};
  const client = createClient({
    ...target,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    // Its per-command timer covers only the wait before writing, at the cost of an AbortSignal for each command.
    commandOptions: { timeout: undefined },
    socket: { ...socket, reconnectStrategy: false, connectTimeout: 1_000, noDelay: true, keepAlive: true, keepAliveInitialDelay: 5_000 },
  });
  client.on('error', () => {});
  return client;
}

interface Connecting {
  /** Milliseconds after which a step without a sign of life ends the client: connecting, the handshake and the preparation hang on a stopped Redis. */
  readonly patienceMs: number;
  /** `progress` says that something came. */
  prepare(client: RedisClient, progress: () => void): Promise<void>;
}

/**
 * Connects a client and prepares it; a process that is busy only takes long for it.
 * @throws Error when there is no answer, or the server is no master; else what `prepare` throws
 */
export async function connectToMaster(client: RedisClient, { patienceMs, prepare }: Connecting): Promise<void> {
  const patience = startPatience(patienceMs, () => client.destroy());
  try {
    await client.connect();
    patience.renew();
    await refuseReplica(client);
    patience.renew();
    await prepare(client, patience.renew);
  } finally {
    patience.end();
  }
}

/** @throws Error when the server copies another one: it takes no writes. Where ROLE is not allowed, the first write tells. */
async function refuseReplica(client: RedisClient): Promise<void> {
  const role = await client.sendCommand(['ROLE']).catch((error: unknown) => {
    if (replyCode(error) === undefined) throw error;
  });
  if (Array.isArray(role) && String(role[0]) !== 'master') throw new Error('the server is a replica');
}
