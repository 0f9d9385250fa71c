import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Workbench } from '../workbench.js';

const READY = 'Ready to accept connections';

/** As docs/deployment.md has it: what is acknowledged is kept. */
const PERSISTENCE = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'];

/**
 * A Redis of this run, on the servers' cores.
 * @returns its address
 * @throws Error in one line when there is no redis-server
 */
export async function startRedis(workbench: Workbench): Promise<string> {
  const [port, dir] = await Promise.all([freePort(), workbench.newDir()]);
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, ...PERSISTENCE];
  const redis = workbench.startProgram('redis-server', args, 'server');
  while (!(await redis.nextLine()).includes(READY));
  return `redis://127.0.0.1:${port}`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
