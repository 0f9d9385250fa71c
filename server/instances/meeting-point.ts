import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Listeners } from './listeners.js';

/**
 * The header in which an instance says for which client it asks. It is set on every forwarded request, in place of whatever a client wrote, so a
 * request without it is an instance's own question.
 */
export const CLIENT_ADDRESS = 'x-roomcast-client-address';

/** Where an instance hears the others: their clients' requests, and their question for its metrics. */
export async function openMeetingPoint(path: string, local: Listeners, ownMetrics: () => Promise<unknown>): Promise<Server> {
  const server = createServer((req, res) => {
    if (becomeClients(req)) return local.request(req, res);
    ownMetrics().then(
      (metrics) => res.end(JSON.stringify(metrics)),
      () => res.destroy(),
    );
  });
  server.on('upgrade', (req, socket, head) => {
    if (becomeClients(req)) local.upgrade(req, socket, head);
    else socket.destroy();
  });
  // As on the hub's own server: a body may be a stream that stays open.
  server.requestTimeout = 0;
  server.listen(path);
  await once(server, 'listening');
  return server;
}

/** Makes a forwarded request look as if the client had sent it here. Each comes on a connection of its own. */
function becomeClients(req: IncomingMessage): boolean {
  const address = req.headers[CLIENT_ADDRESS];
  if (address === undefined) return false;
  delete req.headers[CLIENT_ADDRESS];
  Object.defineProperty(req.socket, 'remoteAddress', { value: address === '' ? undefined : address });
  return true;
}
