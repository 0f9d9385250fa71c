import { randomBytes, randomUUID } from 'node:crypto';
import { type Config, kindsFrom } from './config.js';
import type { Engines } from './engines/engines.js';
import { openEngines } from './engines.js';
import { countPublications } from './hub/count-publications.js';
import { ratesOf } from './hub/entrance.js';
import { openJobsPart } from './hub/jobs-part.js';
import { closeServer, listen } from './hub/listen.js';
import { metricsAccess } from './hub/metrics-access.js';
import { THREAD_FILE } from './hub/thread-file.js';
import { createWorkerServer } from './hub/worker-pages.js';
import { createLogger, type Logger } from './observe/logger.js';
import { createHubMetrics, type HubMetrics } from './observe/metrics.js';
import { LogPublisher } from './rooms/log-publisher.js';

/**
 * A process that takes heavy jobs of the hubs on the same Redis. It listens for nobody but those who ask how it does, on `workerPort`.
 * @throws Error with one line: that port is taken
 */
export async function startWorker(config: Config): Promise<{ close(): Promise<void> }> {
  const nodeId = randomBytes(4).toString('hex');
  const logger = createLogger({ level: config.logLevel, format: config.logFormat, node: nodeId });
  const metrics = createHubMetrics({ defaults: config.workerPort > 0 });
  const engines = await openEngines({ config, nodeId, rates: ratesOf(config), logger });
  const publisher = new LogPublisher({
    log: engines.log,
    kinds: kindsFrom(config),
    randomId: randomUUID,
    onPublish: countPublications(metrics),
  });
  const admit = async () => undefined;
  const take = { takeHeavy: true, takeOnLoop: false };
  const jobs = await openJobsPart({
    config,
    engines,
    publisher,
    admitReader: admit,
    admitWriter: admit,
    threadFile: THREAD_FILE,
    logger,
    metrics,
    ...take,
  });
  metrics.watch({ jobs: () => engines.jobs.depth(), jobThreads: jobs.threads, redisUp: () => engines.link?.ready() ?? true });
  const close = async () => {
    await jobs.close(config.drainMs);
    await engines.close();
  };
  try {
    const closePages = await openPages({ config, engines, metrics, logger });
    return { close: () => close().then(closePages) };
  } catch (error) {
    await close();
    throw error;
  }
}

interface PagesOptions {
  config: Config;
  engines: Engines;
  metrics: HubMetrics;
  logger: Logger;
}

/** Gives the function that closes them. */
async function openPages({ config, engines, metrics, logger }: PagesOptions): Promise<() => Promise<void>> {
  const { workerPort: port, workerHost: host, metricsToken } = config;
  if (port === 0) return async () => {};
  const server = createWorkerServer({
    log: logger,
    notReadyBecause: engines.notReadyBecause,
    metricsText: () => metrics.registry.metrics(),
    metricsAccess: metricsAccess({ metricsToken, host }),
  });
  await listen(server, { host, port }, 'ROOMCAST_WORKER_PORT');
  return () => closeServer(server);
}
