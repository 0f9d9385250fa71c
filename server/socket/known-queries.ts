import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { Remembered } from '../../shared/remembered.js';

type Query = Readonly<Record<string, string>>;

const REMEMBERED = 100;

/**
 * Reads the query of clients that begin with a WebSocket for engine.io, which takes one that is there already: most of them ask for the same address,
 * and to read it is among the dearest steps of an upgrade. To be called once engine.io listens for upgrades, if it does.
 */
export function readKnownQueries(server: HttpServer, path: string): void {
  // Node takes a server on which nobody listens for one that knows no upgrades, and answers them as plain requests.
  if (server.listenerCount('upgrade') === 0) return;
  const known = new Remembered<Query>(REMEMBERED);
  server.prependListener('upgrade', (request: IncomingMessage & { _query?: Query }) => {
    const { url = '' } = request;
    // A session is nobody else's.
    if (request._query || url.includes('sid=') || !url.startsWith(`${path}/`)) return;
    request._query = { ...known.get(url, () => queryOf(url)) };
  });
}

/** As engine.io reads it. */
function queryOf(url: string): Query {
  return Object.fromEntries(new URL(url, 'https://socket.io').searchParams);
}
