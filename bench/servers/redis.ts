import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Workbench } from '../workbench.js';

const READY = 'Ready to accept connections';

export interface Redis {
  readonly url: string;
  readonly pid: number;
}

/** As docs/deployment.md has it: what is acknowledged is kept. */
const PERSISTENCE = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'];

/**
 * A Redis of this run, on the servers' cores.
 * @param ownDir where its data is, and stays; left out: a directory of this run
 * @throws Error in one line when there is no redis-server
 */
export async function startRedis(workbench: Workbench, ownDir?: string): Promise<Redis> {
  const [port, dir] = await Promise.all([freePort(), ownDir ?? workbench.newDir()]);
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, ...PERSISTENCE];
  const redis = workbench.startProgram('redis-server', args, 'server');
  while (!(await redis.nextLine()).includes(READY));
  return { url: `redis://127.0.0.1:${port}`, pid: redis.pid };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
