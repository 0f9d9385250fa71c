import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { forwardRequest, forwardUpgrade } from './forward.js';
import { type Listeners, takeListeners } from './listeners.js';
import { sessionOwner } from './session-ids.js';

export interface RouterOptions {
  /** This instance. */
  readonly id: number;
  /** The socket on which an instance hears the others. */
  pathOf(id: number): string;
  /** The instance that answers for this one, once it leaves. */
  successor(): number | undefined;
  /** Gives a connection away, with the bytes that were read of it; false where it cannot be given. */
  handOver(to: number, req: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Whether a connection was brought here by the primary because it belongs here, or to nobody. */
  isPlaced(socket: Duplex): boolean;
}

/**
 * Puts itself in front of a server's listeners, and takes each request to the instance that holds its Engine.IO session. The choice is made per
 * request, not per connection: a browser's tabs share connections that are kept alive. Gives what answers here.
 */
export function routeSessions(server: Server, options: RouterOptions): Listeners {
  const local = takeListeners(server);
  const elsewhere = ({ url, socket }: IncomingMessage): number | undefined => {
    if (options.isPlaced(socket)) return undefined;
    const to = sessionOwner(url) ?? options.successor();
    return to === options.id ? undefined : to;
  };
  server.on('request', (req, res) => {
    // Whoever leaves keeps no connection for a next request.
    if (options.successor() !== undefined) res.setHeader('Connection', 'close');
    const to = elsewhere(req);
    if (to === undefined) local.request(req, res);
    else forwardRequest(options.pathOf(to), req, res, () => local.request(req, res));
  });
  server.on('upgrade', (req, socket, head) => {
    const to = elsewhere(req);
    if (to === undefined) local.upgrade(req, socket, head);
    else if (!options.handOver(to, req, socket, head)) {
      forwardUpgrade(options.pathOf(to), req, socket, head, () => local.upgrade(req, socket, head));
    }
  });
  return local;
}
