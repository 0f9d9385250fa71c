import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
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
  admitAddress(address: string): (() => void) | Promise<() => void>;
}

export interface AdmissionOptions {
  entrance: Gate;
  /** Left out: everybody comes in at once. */
  arrivals?: Pick<Arrivals, 'enter' | 'close'>;
  onFault(where: string, error: unknown): void;
}

/** How engine.io tells of a request that a middleware has refused. */
const REFUSED = { code: 3, message: 'Bad request', context: { name: 'MIDDLEWARE_FAILURE' } };

type Next = (error?: unknown) => void;
type Middleware = (request: IncomingMessage, response: ServerResponse, next: Next) => void;
type PreparedRequest = IncomingMessage & { _query: { sid?: string } };

/** What engine.io has of a server and does not declare. */
interface EngineParts {
  readonly middlewares: Middleware[];
  prepare(request: IncomingMessage): void;
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  emit(event: 'connection_error', details: object): unknown;
}

/** What engine.io keeps of one client, over all transports that it uses. */
interface EngineConnection {
  readonly request: IncomingMessage;
  on(event: 'close', listener: () => void): unknown;
}

/** What ends with a request that becomes no connection: its response, or the socket of an upgrade. */
interface Carrier {
  readonly destroyed: boolean;
  once(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/** A request, and what becomes of it. */
interface Asking {
  readonly request: IncomingMessage;
  readonly carrier: Carrier;
  handle(): void;
  refuse(error: unknown): void;
}

interface Arriving {
  /** Counts it out. */
  readonly leave: () => void;
  readonly carrier: Carrier;
  /** Hears that its carrier has ended, where it has to wait. */
  onClose?: () => void;
}

/**
 * Lets requests through to Socket.IO, and counts the connections of each address. It stands in front of engine.io and not among its middlewares: these
 * are waited for, each in several turns, and give an upgrade a response that it has no use for.
 */
export class Admission {
  /** Requests that were counted and are no connection yet. */
  readonly #arriving = new Map<IncomingMessage, Arriving>();
  #closed = false;

  constructor(
    { engine }: Pick<Server, 'engine'>,
    private readonly options: AdmissionOptions,
  ) {
    const parts = engine as unknown as EngineParts;
    const letRead = takeCors(parts);
    const { handleRequest, handleUpgrade } = parts;
    parts.handleRequest = (request, response) => {
      const handle = () => handleRequest.call(parts, request, response);
      const refuse = (error: unknown) => refuseRequest(response, error);
      // Its socket may go on with other requests.
      const pass = () => this.#pass(parts, { request, carrier: response, handle, refuse });
      if (letRead) letRead(request, response, (error) => (error ? refuse(error) : pass()));
      else pass();
    };
    parts.handleUpgrade = (request, socket, head) => {
      const handle = () => handleUpgrade.call(parts, request, socket, head);
      this.#pass(parts, { request, carrier: request.socket, handle, refuse: (error) => refuseUpgrade(request.socket, error) });
    };
    // Before those who cut the request down.
    engine.prependListener('connection', (connection: EngineConnection) => this.#arrive(connection));
  }

  /** Takes nobody in any more. */
  close(): void {
    this.#closed = true;
    this.options.arrivals?.close();
  }

  /** Handles it or refuses it; at once, where nobody needs to be waited for. */
  #pass(engine: EngineParts, { request, carrier, handle, refuse }: Asking): void {
    const refused = (error: unknown) => {
      this.options.onFault('connect', error);
      refuse(error);
      engine.emit('connection_error', { req: request, ...REFUSED });
    };
    engine.prepare(request);
    let waiting: Promise<void> | undefined;
    try {
      waiting = this.#admit(request as PreparedRequest, carrier);
    } catch (error) {
      refused(error);
      return;
    }
    const enter = () => {
      handle();
      this.#leaveOnClose(request);
    };
    if (waiting) void waiting.then(enter, refused);
    else enter();
  }

  /** Undefined: it may come in. @throws HubError */
  #admit(request: PreparedRequest, carrier: Carrier): Promise<void> | undefined {
    if (this.#closed) throw new HubError('closing');
    const { entrance } = this.options;
    entrance.checkOrigin(request);
    if (!isNewConnection(request)) return undefined;
    const leave = entrance.admitAddress(entrance.addressOf(request));
    if (leave instanceof Promise) return leave.then((counted) => this.#enter(request, { leave: counted, carrier }));
    return this.#enter(request, { leave, carrier });
  }

  #enter(request: IncomingMessage, arriving: Arriving): Promise<void> | undefined {
    this.#arriving.set(request, arriving);
    const waiting = this.options.arrivals?.enter(() => request.socket.destroyed);
    if (!waiting) return undefined;
    this.#leaveOnClose(request);
    return waiting.then(() => {
      if (this.#closed) throw new HubError('closing');
    });
  }

  /** Counts a request out that closes before it is a connection; most of them are one at once. */
  #leaveOnClose(request: IncomingMessage): void {
    const arriving = this.#arriving.get(request);
    if (!arriving || arriving.onClose) return;
    const onClose = () => void (this.#arriving.delete(request) && arriving.leave());
    arriving.onClose = onClose;
    if (arriving.carrier.destroyed) onClose();
    else arriving.carrier.once('close', onClose);
  }

  /** From here on the count of its address goes with the engine's connection, whatever transports that uses. */
  #arrive(connection: EngineConnection): void {
    const arriving = this.#arriving.get(connection.request);
    if (!arriving) return;
    this.#arriving.delete(connection.request);
    if (arriving.onClose) arriving.carrier.off('close', arriving.onClose);
    connection.on('close', arriving.leave);
  }
}

/**
 * engine.io's only middleware by itself is that of the option `cors`, which it would ask about every upgrade too: for a page's WebSocket there is no
 * CORS. `admission.test.ts` holds that it is the only one.
 */
function takeCors({ middlewares }: EngineParts): Middleware | undefined {
  return middlewares.splice(0)[0];
}

/** A refusal's status, headers and body. */
function refusalOf(thrown: unknown) {
  const error = toWireError(thrown);
  const body = JSON.stringify({ error });
  const fields = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), Connection: 'close' };
  return { status: ERRORS[error.code].status, fields, body };
}

function refuseRequest(response: ServerResponse, thrown: unknown): void {
  const { status, fields, body } = refusalOf(thrown);
  response.writeHead(status, fields).end(body);
}

/** There is no response to write to. */
function refuseUpgrade(socket: IncomingMessage['socket'], thrown: unknown): void {
  const { status, fields, body } = refusalOf(thrown);
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  // Nobody else listens any more: it may be gone already.
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
  socket.destroySoon();
}

/** As engine.io tells it, from the query that it has read: an empty session id is none. */
const isNewConnection = (request: PreparedRequest): boolean => !request._query.sid;
