import { fileURLToPath } from 'node:url';
import type { Workbench } from '../workbench.js';

const MAIN = fileURLToPath(new URL('../../server/main.js', import.meta.url));
const HANDLERS = fileURLToPath(new URL('./handlers.js', import.meta.url));
const READY = 'Roomcast worker';

/** A process of workers, as `roomcast worker` is, on the servers' cores, with the niceness that is recommended beside a hub. Gives its process id when it takes jobs. */
export async function startWorker(workbench: Workbench, redisUrl: string): Promise<number> {
  const args = [MAIN, 'worker', '--redis-url', redisUrl, '--job-handlers', HANDLERS, '--job-nice', '19'];
  const worker = workbench.startProgram(process.execPath, args, 'server');
  while (!(await worker.nextLine()).includes(READY));
  return worker.pid;
}
