import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { forwardRequest, forwardUpgrade, isPlain } from './forward.js';
import { type Listeners, takeListeners } from './listeners.js';
import { sessionOwner } from './session-ids.js';

export interface RouterOptions {
  /** This instance. */
  readonly id: number;
  /** The socket on which an instance hears the others. */
  pathOf(id: number): string;
  /** The instance that answers for this one, once it leaves. */
  successor(): number | undefined;
  /** Gives a connection away, with the request that was read of it and what stood behind its head. */
  handOver(to: number, req: IncomingMessage, socket: Socket, rest: Buffer): void;
  /** Whether the primary brought a connection here with this very request, because it belongs here, or to nobody. */
  isPlaced(socket: Duplex): boolean;
}

/** A request with more bytes of body than this, or with a body of unknown length, is forwarded while it comes. */
const HANDED_BODY_BYTES = 65_536;

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
    const { socket } = req;
    if (to === undefined) local.request(req, res);
    // Then the connection is where the client's next requests belong too, and a poll does not end with a process that it only passes through.
    else if (isPlain(socket) && hasSmallBody(req)) readBody(req, (body) => options.handOver(to, req, socket, body));
    else forwardRequest(options.pathOf(to), req, res, () => local.request(req, res));
  });
  server.on('upgrade', (req, socket, head) => {
    const to = elsewhere(req);
    if (to === undefined) local.upgrade(req, socket, head);
    else if (isPlain(socket)) options.handOver(to, req, socket, head);
    else forwardUpgrade(options.pathOf(to), req, socket, head, () => local.upgrade(req, socket, head));
  });
  return local;
}

function hasSmallBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= HANDED_BODY_BYTES;
}

/** Calls back at once with a whole body; never when the client breaks off. */
function readBody(req: IncomingMessage, whole: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk)).once('end', () => whole(Buffer.concat(chunks)));
}
