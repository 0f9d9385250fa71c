import { rmdir } from 'node:fs/promises';
import { readConfig } from '../config.js';
import { Instance } from '../instances/instance.js';
import { channelOf } from '../instances/messages.js';
import { newSessionId } from '../instances/session-ids.js';
import { startHub } from '../start-hub.js';
import { type Command, EXIT } from './command.js';
import { REPLACE } from './serve-instances.js';

/** One process behind the port of `roomcast serve --instances`: it reads the configuration itself, so that a new version reads its own. */
export const command: Command = {
  usage: '<number> <id> <directory> [flags of serve]',
  options: {},
  run: async ([number, id, dir = '', ...flags], terminal) => {
    const config = readConfig(terminal.env, flags);
    const instance = new Instance({
      number: Number(number),
      id: Number(id),
      dir,
      channel: channelOf(process),
      // Not process.exit(): it would write the last log lines first, and for ever where their reader is gone too.
      onAbandoned: () => process.kill(process.pid, 'SIGKILL'),
    });
    // For the primary; a service manager may send it to every process of the service.
    process.on(REPLACE, () => {});
    const hub = await startHub(config, { shared: instance });
    hub.io.engine.generateId = () => newSessionId(Number(id));
    instance.ready();
    await aborted(AbortSignal.any([terminal.stop, instance.stop]));
    await instance.leave();
    await hub.close();
    instance.close();
    // The last of those that the primary left behind succeeds.
    if (!process.connected) await rmdir(dir).catch(() => {});
    return EXIT.ok;
  },
};

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
