import { createClient } from 'redis';
import type { RedisTarget } from './topology.js';

/**
 * Asks one server one thing on a connection of its own.
 * @throws Error when it does not answer within `ms`
 */
export async function askOnce(target: RedisTarget, command: readonly string[], ms: number): Promise<unknown> {
  const socket = 'socket' in target ? target.socket : {};
  const client = createClient({
    ...target,
    maintNotifications: 'disabled',
    socket: { ...socket, connectTimeout: ms, reconnectStrategy: false },
  });
  client.on('error', () => {}); // Each call below rejects with it.
  const deadline = setTimeout(() => client.destroy(), ms);
  try {
    await client.connect();
    return await client.sendCommand(command);
  } finally {
    clearTimeout(deadline);
    client.destroy();
  }
}
