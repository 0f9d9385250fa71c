import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { type IRedisClient, Queue } from 'bullmq';
import type { RequestHandler } from 'express';
import { openBullClient } from './bullmq-client.js';
import { bullPrefixOf } from './bullmq-lines.js';
import { JOB_LANES } from './job-queue.js';
import type { JobsLink } from './jobs-link.js';
import type { JobLogger } from './thread-runner.js';

export interface BullBoardOptions {
  readonly link: Pick<JobsLink, 'locate'>;
  readonly url: string;
  readonly prefix: string;
  /** Where it is mounted: its page asks for its own files there. */
  readonly path: string;
  readonly logger: JobLogger;
}

export interface BullBoard {
  /** The page, its files and what it asks for. It lets everybody in: what stands before it must not. */
  readonly handler: RequestHandler;
  close(): Promise<void>;
}

/**
 * BullMQ's queues in bull-board, to be looked at. It changes nothing: what it would retry or remove has its state in `JobRecords`, which
 * it does not know.
 */
export function openBullBoard({ link, url, prefix, path, logger }: BullBoardOptions): BullBoard {
  const bullPrefix = bullPrefixOf(prefix);
  const clients = new Set<IRedisClient>();
  const connection = openBullClient({ url, locate: () => link.locate(bullPrefix) }, clients);
  const queues = JOB_LANES.map((lane) => new Queue(lane, { connection, prefix: bullPrefix, skipMetasUpdate: true }));
  for (const queue of queues) queue.on('error', (error) => logger.warn({ error: error.message }, 'bull-board cannot reach Redis'));
  const serverAdapter = new ExpressAdapter();
  serverAdapter.setBasePath(path);
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'Roomcast jobs' } },
  });
  return {
    handler: serverAdapter.getRouter(),
    async close() {
      // With Redis away its connection does not come to an end by itself.
      for (const client of clients) client.disconnect();
    },
  };
}
