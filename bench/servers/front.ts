import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { BenchProcess } from '../process.js';
import type { Workbench } from '../workbench.js';

/**
 * One address for several servers: each connection is handed to the next of them and is theirs from then on, so that nothing stands between them
 * and the client as a proxy would.
 * @returns its port
 */
export async function openFront(workbench: Workbench, servers: readonly Pick<BenchProcess<object>, 'hand'>[]): Promise<number> {
  let turn = 0;
  const front = createServer({ pauseOnConnect: true }, (connection) => servers[turn++ % servers.length]!.hand(connection));
  workbench.keep({ stop: async () => void front.close() });
  await once(front.listen(0, '127.0.0.1'), 'listening');
  return (front.address() as AddressInfo).port;
}
