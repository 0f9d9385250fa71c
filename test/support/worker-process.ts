import type { Child } from '../../server/cli/child.js';
import { roomcast } from './hub-process.js';
import type { Scope } from './scope.js';

/** A job worker in a process of its own, as `roomcast worker` starts it; resolves when it says that it takes jobs. */
export async function startWorker(
  scope: Scope,
  { redisUrl, args = [], env = {} }: { redisUrl: string; args?: readonly string[]; env?: Readonly<Record<string, string>> },
): Promise<Child> {
  const worker = await roomcast(scope, ['worker', ...args], { REDIS_URL: redisUrl, ...env });
  await worker.printed(/Roomcast worker/);
  return worker;
}
