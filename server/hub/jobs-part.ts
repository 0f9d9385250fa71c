import type { z } from 'zod';
import type { Principal } from '../auth/principal.js';
import type { Cache } from '../cache/cache.js';
import type { Config } from '../config.js';
import type { Engines } from '../engines/engines.js';
import { type AddJob, defineJob, JobHandlers } from '../jobs/handler.js';
import { builtInJobs, preloadedModules } from '../jobs/handlers/built-in.js';
import { createJobRunner } from '../jobs/job-runner.js';
import { createJobScheduler } from '../jobs/job-scheduler.js';
import { createJobService, type JobService } from '../jobs/job-service.js';
import { loadHandlers } from '../jobs/load-handlers.js';
import { createThreadRunner } from '../jobs/thread-runner.js';
import { systemClock } from '../observe/clock.js';
import type { Logger } from '../observe/logger.js';
import type { HubMetrics } from '../observe/metrics.js';
import type { SystemPublisher } from '../rooms/publisher.js';

export interface JobsPartOptions {
  config: Config;
  engines: Pick<Engines, 'jobs' | 'log' | 'results' | 'threads' | 'mappedPages'>;
  publisher: SystemPublisher;
  admitReader(principal: Principal, room: string): Promise<unknown>;
  admitWriter(principal: Principal, room: string): Promise<unknown>;
  /** The built file of a job's thread. */
  threadFile: URL;
  logger: Logger;
  metrics?: HubMetrics;
  /** Looks at ended jobs go through it. */
  cache?: Pick<Cache, 'read' | 'invalidateHere'>;
  /** Heavy handlers are taken here. */
  takeHeavy: boolean;
  /** Handlers that are functions of a hub's program are taken here: a hub has them, a process of workers does not. */
  takeOnLoop: boolean;
}

export interface JobsPart {
  readonly service: JobService;
  add: AddJob;
  /** Threads that run a job now, and that there may be. */
  threads(): { busy: number; most: number };
  close(graceMs: number): Promise<void>;
}

/** Jobs on the engine's queue: submitted and reported here, and run here as far as the configuration says. */
export async function openJobsPart(options: JobsPartOptions): Promise<JobsPart> {
  const { config, engines, publisher, logger, metrics, threadFile, takeHeavy, takeOnLoop } = options;
  const { jobs: queue, results, log } = engines;
  const { jobResultTtlMs: resultTtlMs, jobFailedTtlMs: failedTtlMs, jobTimeoutMs: timeoutMs } = config;
  const handlersDir = new URL('./handlers/', threadFile);
  const handlers = new JobHandlers([
    ...builtInJobs(handlersDir),
    ...(config.jobHandlers === undefined ? [] : await loadHandlers(config.jobHandlers)),
  ]);
  const threads = createThreadRunner({
    ...{ threadFile, setup: engines.threads, publisher, log, logger },
    threads: config.jobThreads,
    warmThreads: takeHeavy ? config.jobWarmThreads : 0,
    nice: config.jobNice,
    preload: preloadedModules(handlersDir),
    onMapped: () => void engines.mappedPages?.release().catch((err: unknown) => logger.warn({ err }, 'pages of the rooms stay mapped')),
  });
  const run = createJobRunner({ handlers, threads, publisher, log, results, logger, resultTtlMs });
  const onEnd =
    metrics &&
    ((state: Parameters<NonNullable<Parameters<typeof createJobService>[0]['onEnd']>>[0]) => {
      metrics.jobsEnded.inc({ name: state.name, state: state.state });
      if (state.startedAt && state.endedAt) metrics.jobSeconds.observe({ name: state.name }, (state.endedAt - state.startedAt) / 1_000);
    });
  const times = { timeoutMs, resultTtlMs, failedTtlMs };
  const service = createJobService({ ...options, ...times, queue, handlers, results, ...(onEnd && { onEnd }) });
  const scheduler = createJobScheduler({ submit: service.submitTick, clock: systemClock, logger });
  for (const handler of handlers.all()) scheduler.add(handler);
  // A turn later: a program that adds handlers right after it has its hub finds waiting jobs not yet begun.
  setImmediate(() => {
    const concurrency = { threads: takeHeavy ? config.jobConcurrency : 0, loop: takeOnLoop ? LOOP_CONCURRENCY : 0 };
    queue
      .work(run, { concurrency, knows: (name) => handlers.has(name) })
      .catch((err: unknown) => logger.error({ err }, 'jobs cannot be taken'));
  });
  return {
    service,
    add: (name, declaration) => {
      const handler = defineJob<z.ZodType>({ ...declaration, name } as never);
      handlers.add(handler);
      scheduler.add(handler);
    },
    threads: () => ({ busy: threads.busy(), most: config.jobThreads }),
    close: async (graceMs) => {
      scheduler.close();
      await queue.close(graceMs);
      await service.settled(SETTLE_MS);
      await threads.close();
    },
  };
}

/** The last states of jobs have this long to reach their rooms. */
const SETTLE_MS = 2_000;
/** Handlers on the loop mostly wait. */
const LOOP_CONCURRENCY = 32;
