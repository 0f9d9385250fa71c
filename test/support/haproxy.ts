import { type Child, startChild } from '../../server/cli/child.js';
import { ROOT } from './files.js';
import { startFront } from './front.js';
import type { Scope } from './scope.js';

export const HAPROXY_CONFIG = `${ROOT}deploy/haproxy/haproxy.cfg`;

/** The environment that deploy's configuration reads its addresses from. */
export function haproxyEnv(listen: string, hubs: readonly [string, string, string]): Record<string, string> {
  return { ROOMCAST_LISTEN: listen, ROOMCAST_HUB_1: hubs[0], ROOMCAST_HUB_2: hubs[1], ROOMCAST_HUB_3: hubs[2] };
}

/** A real HAProxy with deploy's configuration in front of three instances. */
export function startHaproxy(scope: Scope, hubs: readonly { port: number }[]): Promise<Child & { url: string }> {
  const [one, two, three] = hubs.map(({ port }) => `127.0.0.1:${port}`);
  if (!one || !two || !three) throw new Error('the configuration is for three instances');
  return startFront(scope, 'haproxy', (port) =>
    startChild('haproxy', 'haproxy', ['-db', '-f', HAPROXY_CONFIG], {
      env: { PATH: process.env.PATH, ...haproxyEnv(`127.0.0.1:${port}`, [one, two, three]) },
    }),
  );
}
