import type { Child } from '../../server/cli/child.js';
import { roomcast } from './hub-process.js';
import type { Scope } from './scope.js';

interface WorkerOptions {
  redisUrl: string;
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
}

/** A job worker in a process of its own, as `roomcast worker` starts it. */
export function spawnWorker(scope: Scope, { redisUrl, args = [], env = {} }: WorkerOptions): Promise<Child> {
  return roomcast(scope, ['worker', ...args], { REDIS_URL: redisUrl, ...env });
}

/** The same; resolves when it says that it takes jobs. */
export async function startWorker(scope: Scope, options: WorkerOptions): Promise<Child> {
  const worker = await spawnWorker(scope, options);
  await worker.printed(/Roomcast worker/);
  return worker;
}
