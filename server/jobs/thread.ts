import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { RedisLink } from '../adapter/redis-link.js';
import type { RunJob } from './handler.js';
import { toResult } from './job-result.js';
import { restBetweenReads } from './resting-log.js';
import type { ResultStore } from './result-store.js';
import type { LogSource } from './room-reader.js';
import { createThreadContext } from './thread-context.js';
import { MAPPED, type ThreadData, type ThreadOutcome, type ThreadSetup, type ThreadTask, toPlainError } from './thread-messages.js';

// The one file of a job thread: like `engines.ts` in the main thread, it picks the engines, here from what the parent says.

/** Past it, the job is told that Redis is away. */
const FIRST_CONNECTION_MS = 2_000;
/** A thread's link listens to no channel: the slowest look at it is often enough. */
const PROBE_MS = 5_000;
const links = new Map<string, Promise<RedisLink>>();
const setup = workerData as ThreadData;
const stores = openedOnce(openStores);

interface Stores {
  readonly log: LogSource | undefined;
  readonly results: ResultStore;
}

// A thread may start long before its first task, which then waits for nothing; what fails here fails again in the task, where it is told.
void stores()
  .then(() => Promise.all(setup.preload.map((href) => import(href))))
  .catch(() => undefined);

/** Runs one task: piscina calls it. */
export default async function runTask(task: ThreadTask): Promise<ThreadOutcome> {
  const { context, unsent, close } = createThreadContext(task, await stores());
  try {
    const module: { run?: RunJob } = await import(task.href);
    if (typeof module.run !== 'function') throw new Error(`${task.href} exports no function named run`);
    const result = await module.run(task.attempt.input, context);
    return { ok: true, result: toResult(result), ...progressOf(unsent()) };
  } catch (error) {
    return { ok: false, error: toPlainError(error), ...progressOf(unsent()) };
  } finally {
    close();
  }
}

/** What is opened by the first who asks; after a failure the next one tries again. */
function openedOnce<Opened>(open: () => Promise<Opened>): () => Promise<Opened> {
  let opening: Promise<Opened> | undefined;
  return () => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
}

async function openStores(): Promise<Stores> {
  const [log, results] = await Promise.all([openLog(setup.rooms), openResults(setup.results)]);
  return { log, results };
}

async function openLog(source: ThreadSetup['rooms']): Promise<LogSource | undefined> {
  if (source.kind === 'memory') return undefined;
  if (source.kind === 'redis') {
    const { createRedisRoomLog } = await import('../log/redis-room-log.js');
    return createRedisRoomLog({ link: await openLink(source.url), prefix: source.prefix });
  }
  const { openLmdbLogReader } = await import('../log/lmdb-log-reader.js');
  return restBetweenReads(openLmdbLogReader(source.dir, () => parentPort?.postMessage(MAPPED)));
}

async function openResults(target: ThreadSetup['results']): Promise<ResultStore> {
  if (target.kind === 'redis') {
    const { createRedisResultStore } = await import('./redis-result-store.js');
    const { url, kind: _, ...options } = target;
    return createRedisResultStore({ link: await openLink(url), ...options });
  }
  const { createFileResultStore } = await import('./file-result-store.js');
  return createFileResultStore({ ...target, sweepMs: 0 });
}

/** One link to one Redis, for the rooms and the results; the parent says in its log what it sees of it. */
function openLink(url: string): Promise<RedisLink> {
  const known = links.get(url);
  if (known) return known;
  const opening = import('../adapter/redis-link.js').then(async ({ openRedisLink }) => {
    const link = openRedisLink({ url, probeIntervalMs: PROBE_MS, log: { info: () => {}, warn: () => {}, error: () => {} } });
    await Promise.race([link.whenUp(), delay(FIRST_CONNECTION_MS)]);
    return link;
  });
  links.set(url, opening);
  return opening;
}

function progressOf(progress: ThreadOutcome['progress']): Pick<ThreadOutcome, 'progress'> {
  return progress ? { progress } : {};
}
