import { createClient } from 'redis';

/** Asks one server one thing, as an operator does with redis-cli. */
export async function askRedis({ port }: { port: number }, ...command: (string | number)[]): Promise<unknown> {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: false } });
  client.on('error', () => {}); // Each call below rejects with it.
  await client.connect();
  try {
    return await client.sendCommand(command.map(String));
  } finally {
    client.destroy();
  }
}
