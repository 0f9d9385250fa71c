import { type Depth, JOB_LANES, type QueueDepth } from './job-queue.js';

/** What is asked of the index of jobs that wait and run. */
interface IndexClient {
  sMembers(key: string): Promise<string[]>;
  zCard(key: string): Promise<number>;
  zRangeWithScores(key: string, from: number, to: number): Promise<{ score: number }[]>;
}

/** The depth of the queue in Redis, whose indexes are ordered by the time since when their jobs wait. */
export async function readDepth(client: IndexClient, keyOf: (...parts: string[]) => string, now: number): Promise<QueueDepth> {
  const depthOf = async (...of: string[]): Promise<Depth> => {
    const [queued, active, oldest] = await Promise.all([
      client.zCard(keyOf('queued', ...of)),
      client.zCard(keyOf('active', ...of)),
      client.zRangeWithScores(keyOf('queued', ...of), 0, 0),
    ]);
    return { queued, active, oldestQueuedMs: Math.max(0, now - (oldest[0]?.score ?? now)) };
  };
  const [lanes, names] = await Promise.all([Promise.all(JOB_LANES.map((lane) => depthOf(lane))), client.sMembers(keyOf('names'))]);
  const byName = await Promise.all(names.map(async (name) => [name, await depthOf('of', name)] as const));
  return { ...lanes.reduce(together), byName: Object.fromEntries(byName) };
}

function together(a: Depth, b: Depth): Depth {
  return { queued: a.queued + b.queued, active: a.active + b.active, oldestQueuedMs: Math.max(a.oldestQueuedMs, b.oldestQueuedMs) };
}
