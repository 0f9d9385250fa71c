import { Remembered } from '../../shared/remembered.js';

type Query = Readonly<Record<string, string>>;
interface Request {
  readonly url?: string | undefined;
  _query?: Query;
}
/** What engine.io has of a server and does not declare. */
interface EngineParts {
  prepare(request: Request): void;
}

const REMEMBERED = 100;

/**
 * Has engine.io read the query of clients that begin with a WebSocket from what it has read before: most of them ask for the same address,
 * and to read it is among the dearest steps of an upgrade.
 */
export function rememberQueries(engine: EngineParts): void {
  const { prepare } = engine;
  const known = new Remembered<Query>(REMEMBERED);
  const read = (url: string): Query => {
    const request: Request = { url };
    prepare.call(engine, request);
    return request._query!;
  };
  engine.prepare = (request) => {
    const { url = '' } = request;
    // A session is nobody else's, and an address of long-polling nearly never asked for again.
    if (!request._query && url.includes('transport=websocket') && !url.includes('sid='))
      request._query = { ...known.get(url, () => read(url)) };
    prepare.call(engine, request);
  };
}
