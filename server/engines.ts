import type { Engines, EnginesOptions } from './engines/engines.js';

/**
 * Opens the engines that the configuration asks for. Those of other stores are not loaded: BullMQ and the client of Redis alone would be a third of the
 * time that an embedded hub takes to start.
 * @throws Error with one line when the data directory is in use or cannot be written
 */
export async function openEngines(options: EnginesOptions): Promise<Engines> {
  switch (options.config.store) {
    case 'memory':
      return (await import('./engines/embedded.js')).openMemory(options);
    case 'lmdb':
      return (await import('./engines/embedded.js')).openLmdb(options);
    case 'redis':
      return (await import('./engines/redis.js')).openRedis(options);
  }
}
