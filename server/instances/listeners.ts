import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { Duplex } from 'node:stream';

type UpgradeListener = (req: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** What answers requests here. */
export interface Listeners {
  request: RequestListener;
  upgrade: UpgradeListener;
}

/** Takes a server's own listeners off it, so that something can stand in front of them. */
export function takeListeners(server: Server): Listeners {
  const requests = server.listeners('request') as RequestListener[];
  const upgrades = server.listeners('upgrade') as UpgradeListener[];
  server.removeAllListeners('request').removeAllListeners('upgrade');
  return {
    request: (req, res) => {
      for (const listener of requests) listener.call(server, req, res);
    },
    upgrade: (req, socket, head) => {
      for (const listener of upgrades) listener.call(server, req, socket, head);
    },
  };
}
