import type { Command } from './command.js';

interface Entry {
  readonly about: string;
  readonly load: () => Promise<{ command: Command }>;
}

export type Commands = Readonly<Record<string, Entry>>;

/** Every command; each is loaded when it is called, so that a small one does not wait for the hub. */
export const COMMANDS: Commands = {
  serve: { about: 'run a hub (the default)', load: () => import('./serve.js') },
  worker: { about: 'run heavy jobs for the hubs on the same Redis', load: () => import('./worker.js') },
  token: { about: 'mint a token for tokenSecret', load: () => import('./token.js') },
  pipe: { about: 'send the lines of stdin to a room of a running hub', load: () => import('./pipe.js') },
  jobs: { about: 'list jobs of a running hub, run failed ones again', load: () => import('./jobs.js') },
  check: { about: 'try the configuration: port, data directory, Redis, certificate, keys', load: () => import('./check.js') },
  'demo-cluster': { about: 'three hubs, two workers, Redis and nginx on this machine', load: () => import('./demo-cluster.js') },
};
