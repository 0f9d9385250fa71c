import { readConfig } from '../config.js';
import { startHub } from '../start-hub.js';
import type { Command } from './command.js';
import { runUntilStopped } from './run-until-stopped.js';

/** `roomcast serve`: one instance of a hub, until it is told to stop. */
export const command: Command = {
  usage: '[flags]',
  options: {},
  run: (argv, terminal) => {
    const config = readConfig(terminal.env, argv);
    return runUntilStopped(
      () => startHub(config),
      (hub) => `Roomcast on ${hub.url}`,
      terminal,
    );
  },
};
