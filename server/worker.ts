import { randomBytes, randomUUID } from 'node:crypto';
import { type Config, kindsFrom } from './config.js';
import { openEngines } from './engines.js';
import { ratesOf } from './hub/entrance.js';
import { openJobsPart } from './hub/jobs-part.js';
import { countPublications } from './hub.js';
import { createLogger } from './observe/logger.js';
import { createHubMetrics } from './observe/metrics.js';
import { LogPublisher } from './rooms/log-publisher.js';
import { THREAD_FILE } from './start-hub.js';

/** A process that takes heavy jobs of the hubs on the same Redis, and listens on no port. */
export async function startWorker(config: Config): Promise<{ close(): Promise<void> }> {
  const nodeId = randomBytes(4).toString('hex');
  const logger = createLogger({ level: config.logLevel, format: config.logFormat, node: nodeId });
  const metrics = createHubMetrics({ defaults: false });
  const engines = await openEngines({ config, nodeId, rates: ratesOf(config), logger });
  const publisher = new LogPublisher({
    log: engines.log,
    kinds: kindsFrom(config),
    randomId: randomUUID,
    onPublish: countPublications(metrics),
  });
  const admitReader = async () => undefined;
  const take = { takeHeavy: true, takeOnLoop: false };
  const jobs = await openJobsPart({ config, engines, publisher, admitReader, threadFile: THREAD_FILE, logger, metrics, ...take });
  return {
    close: async () => {
      await jobs.close(config.drainMs);
      await engines.close();
    },
  };
}
