import { ConfigError, readConfig } from '../config.js';
import { startWorker } from '../worker.js';
import type { Command } from './command.js';
import { runUntilStopped } from './run-until-stopped.js';

/** `roomcast worker`: takes heavy jobs of the hubs on the same Redis. */
export const command: Command = {
  usage: '[flags]',
  options: {},
  run: async (argv, terminal) => {
    // A worker lets nobody in, so it needs no token to be safe.
    const config = readConfig({ ...terminal.env, ROOMCAST_HOST: '127.0.0.1', ROOMCAST_GUESTS: 'auto' }, argv);
    if (config.store !== 'redis') throw new ConfigError('a worker takes its jobs from Redis: set REDIS_URL');
    return runUntilStopped(
      () => startWorker(config),
      () => `Roomcast worker: ${config.jobConcurrency} jobs at a time`,
      terminal,
    );
  },
};
