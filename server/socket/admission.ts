import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import type { Server } from 'socket.io';
import { ERRORS, HubError, toWireError } from '../../shared/errors.js';
import type { Arrivals } from '../limits/arrivals.js';

/** What a request is held against before it becomes a connection. */
export interface Gate {
  /** The client's address, as far as trusted proxies tell. */
  addressOf(request: IncomingMessage): string;
  /** @throws HubError `origin_refused` */
  checkOrigin(request: IncomingMessage): void;
  /** Counts a connection of an address; the function takes it off again. @throws HubError `too_many_connections` */
  admitAddress(address: string): Promise<() => void>;
}

export interface AdmissionOptions {
  entrance: Gate;
  /** Left out: everybody comes in at once. */
  arrivals?: Pick<Arrivals, 'enter' | 'close'>;
  onFault(where: string, error: unknown): void;
}

type Next = (error?: unknown) => void;
type Middleware = (request: IncomingMessage, response: ServerResponse, next: Next) => void;

/** What engine.io keeps of one client, over all transports that it uses. */
interface EngineConnection {
  readonly request: IncomingMessage;
  on(event: 'close', listener: () => void): unknown;
}

/** Lets requests through to Socket.IO, and counts the connections of each address. */
export class Admission {
  /** Requests that were counted and are no connection yet. */
  readonly #arriving = new Map<IncomingMessage, { leave(): void; onClose(): void }>();
  #closed = false;

  constructor(
    { engine }: Pick<Server, 'engine'>,
    private readonly options: AdmissionOptions,
  ) {
    const letRead = takeCors(engine);
    // Not as `allowRequest`, which engine.io does not ask about the later requests and the upgrade of a session, and which is somebody's own.
    engine.use((request: IncomingMessage, response: ServerResponse, next: Next) => {
      const isPlain = response instanceof ServerResponse;
      if (letRead && isPlain) letRead(request, response, (error) => (error ? next(error) : this.#pass(request, response, next)));
      else this.#pass(request, response, next);
    });
    engine.on('connection', (connection: EngineConnection) => this.#arrive(connection));
  }

  /** Takes nobody in any more. */
  close(): void {
    this.#closed = true;
    this.options.arrivals?.close();
  }

  #pass(request: IncomingMessage, response: ServerResponse, next: Next): void {
    this.#admit(request).then(
      () => next(),
      (error) => {
        this.options.onFault('connect', error);
        refuseRequest(request, response, error);
        next(error);
      },
    );
  }

  async #admit(request: IncomingMessage): Promise<void> {
    if (this.#closed) throw new HubError('closing');
    this.options.entrance.checkOrigin(request);
    if (!isNewConnection(request)) return;
    await this.#count(request);
    await this.options.arrivals?.enter(() => request.socket.destroyed);
    if (this.#closed) throw new HubError('closing');
  }

  async #count(request: IncomingMessage): Promise<void> {
    const { entrance } = this.options;
    const leave = await entrance.admitAddress(entrance.addressOf(request));
    if (request.socket.destroyed) return leave();
    const onClose = () => void (this.#arriving.delete(request) && leave());
    this.#arriving.set(request, { leave, onClose });
    request.socket.once('close', onClose);
  }

  /** From here on the count of its address goes with the engine's connection, whatever transports that uses. */
  #arrive(connection: EngineConnection): void {
    const arriving = this.#arriving.get(connection.request);
    if (!arriving) return;
    this.#arriving.delete(connection.request);
    connection.request.socket.off('close', arriving.onClose);
    connection.on('close', arriving.leave);
  }
}

/**
 * engine.io's only middleware by itself is that of the option `cors`, which it would ask about every upgrade too: for a page's WebSocket there is no
 * CORS. `admission.test.ts` holds that it is the only one.
 */
function takeCors(engine: object): Middleware | undefined {
  const { middlewares } = engine as { middlewares: Middleware[] };
  return middlewares.splice(0)[0];
}

/** Answers with the error's status, on an upgrade too, where there is no response to write to. */
function refuseRequest({ headers, socket }: IncomingMessage, response: ServerResponse, thrown: unknown): void {
  const error = toWireError(thrown);
  const { status } = ERRORS[error.code];
  const body = JSON.stringify({ error });
  const fields = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), Connection: 'close' };
  if (headers.upgrade === undefined) {
    response.writeHead(status, fields).end(body);
    return;
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
}

/** As engine.io tells it, from the query that it has read: an empty session id is none. */
function isNewConnection(request: IncomingMessage): boolean {
  return !(request as IncomingMessage & { _query: { sid?: string } })._query.sid;
}
