import { availableParallelism } from 'node:os';
import { type Config, readConfig } from '../config.js';
import type { Command } from './command.js';
import { runUntilStopped } from './run-until-stopped.js';
import { serveInstances } from './serve-instances.js';

/** `roomcast serve`: a hub in one process or several, until it is told to stop. */
export const command: Command = {
  usage: '[flags]',
  options: {},
  run: async (argv, terminal) => {
    const config = readConfig(terminal.env, argv);
    const count = countOf(config);
    if (config.instances === 'auto' && config.store !== 'redis') {
      terminal.print(`instances is auto, and the ${config.store} store belongs to one process: 1 instance (REDIS_URL allows more)`);
    }
    if (count > 1) return serveInstances(count, config, argv, terminal);
    // The primary of several instances is no hub, and loads none.
    const { startHub } = await import('../start-hub.js');
    return runUntilStopped(
      () => startHub(config),
      (hub) => `Roomcast on ${hub.url}`,
      terminal,
    );
  },
};

function countOf({ instances, store }: Config): number {
  if (instances !== 'auto') return instances;
  return store === 'redis' ? availableParallelism() : 1;
}
