import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Server, type ServerOptions } from 'socket.io';
import { ERRORS, toWireError } from '../../shared/errors.js';
import type { ConnectErrorData } from '../../shared/protocol.js';
import type { Credentials } from '../auth/authenticator.js';
import type { Principal } from '../auth/principal.js';
import { headerOf } from '../delivery/connections/kept-request.js';
import { SmallConnections } from '../delivery/connections/small-connections.js';
import { authOf } from '../delivery/connections/small-socket.js';
import type { Recovery } from '../recovery/recovery.js';
import { Admission, type AdmissionOptions, type Gate } from './admission.js';
import { Connection, type ConnectionOptions } from './connection.js';
import type { EventHandler } from './event-handler.js';
import { rememberQueries } from './known-queries.js';
import { NamespaceRequests } from './namespace-requests.js';
import { ReturningClients } from './returning-clients.js';
import { createSessionIds } from './session-ids.js';
import { SharedListeners } from './shared-listeners.js';
import { type DecodedPacket, ShortEvents } from './short-events.js';
import type { ConnectionLimits, HubServer, HubSocket } from './types.js';

/** Who may come in, before a socket exists. */
export interface Entrance extends Gate {
  /** @throws HubError `unauthorized`, `rate_limited` */
  authenticate(credentials: Credentials, address: string): Promise<Principal>;
  newLimits(): ConnectionLimits;
  /** The limits of a principal on a connection, whose own are `own`. */
  limitsOf(principal: Principal, own: ConnectionLimits): ConnectionLimits;
}

export interface SocketServerOptions {
  io: Partial<ServerOptions>;
  entrance: Entrance;
  arrivals?: AdmissionOptions['arrivals'];
  connection: Omit<ConnectionOptions, 'subscriptions'>;
  /** Left out: stock clients begin anew with each connection. */
  recovery?: Recovery | undefined;
  onFault(where: string, error: unknown): void;
  onConnection(transport: string): void;
  onDisconnection(reason: string): void;
}

/** Milliseconds that a client asked to leave has to do so, and between two looks whether all have. */
const LEAVE_GRACE_MS = 500;
const LEAVE_POLL_MS = 20;
/** Milliseconds that a client has to take the hub's closing of the connection. */
const FAREWELL_MS = 500;

/**
 * Where engine.io's connection keeps what its client may do: one that leaves the namespace and enters it again goes on with what it has left. A weak map
 * of all connections would be gone through in each collection.
 */
const LIMITS = Symbol('limits');
type Limited = { [LIMITS]?: ConnectionLimits };

/** The reason why a connection ended that had not had its connection event. */
const ENDED_EARLY = 'transport close';

/** The Socket.IO room of a user's connections on all instances. */
export const connectionsOf = (userId: string): string => `connections-of:${userId}`;

/** The hub's side of Socket.IO: lets connections in, gives each its life, and counts them. */
export class SocketServer {
  readonly io: HubServer;
  readonly #connections = new Map<string, Connection>();
  readonly #admission: Admission;
  /** Those that are let in and have not had their connection event; then they say themselves when they end. */
  readonly #entering = new Set<HubSocket>();
  readonly #listeners: SharedListeners;
  readonly #small: SmallConnections;
  readonly #returning: ReturningClients;
  /** There are other instances. Alone, a user's connections are looked for when they are asked for; a room of each user would be kept. */
  readonly #isJoined: boolean;

  constructor(
    server: HttpServer,
    private readonly options: SocketServerOptions,
  ) {
    this.io = new Server(server, options.io);
    rememberQueries(this.io.engine as never);
    this.#isJoined = options.io.adapter !== undefined;
    const events = new ShortEvents({ connections: this.#connections, own: (event) => this.#listeners.own(event) });
    this.#small = new SmallConnections(this.io, {
      newId: createSessionIds(),
      onEnd: (connection) => this.#endEntering(connection),
      take: (socket, packet) => events.take(socket as HubSocket | undefined, packet as DecodedPacket),
    });
    this.#admission = new Admission(this.io, options);
    const asked = new NamespaceRequests({ limitsOf: (connection) => this.#limitsOf(connection), onFault: options.onFault });
    this.io.engine.on('connection', (connection: object) => asked.watch(connection));
    this.#returning = new ReturningClients(this.io, { ...options, recovery: options.recovery, isOwnRoom });
    this.io.use((socket, next) => void this.#authenticate(socket, next));
    this.io.on('connection', (socket) => this.#begin(socket));
    const gone = (socket: HubSocket, reason: string) => {
      options.onDisconnection(reason);
      this.#returning.ended(socket, reason);
      this.#end(socket.id);
    };
    this.#listeners = new SharedListeners(this.#connections, function (reason) {
      gone(this, reason);
    });
  }

  get size(): number {
    return this.#connections.size;
  }

  /** Adds an event to every connection, those that exist too. */
  handle(event: string, handler: EventHandler): void {
    if (this.options.connection.handlers.has(event)) throw new Error(`the event ${event} has a handler already`);
    this.options.connection.handlers.set(event, handler);
    for (const { socket } of this.#connections.values()) this.#listeners.add(socket, event, handler);
  }

  /** On every instance. */
  disconnectUser(userId: string): void {
    if (this.#isJoined) this.io.in(connectionsOf(userId)).disconnectSockets(true);
    else
      for (const connection of [...this.#connections.values()])
        if (connection.principal.user.id === userId) connection.socket.disconnect(true);
  }

  /** Open connections by the transport that they use now. */
  byTransport(): Record<string, number> {
    const counts: Record<string, number> = { websocket: 0, polling: 0 };
    for (const { socket } of this.#connections.values()) {
      const { name } = socket.conn.transport;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  subscriptions(): number {
    return [...this.#connections.values()].reduce((sum, { subscribed }) => sum + subscribed, 0);
  }

  /** Takes nobody in any more, and asks the clients of this instance to go elsewhere, spread over `spreadMs`. */
  async sendAway(spreadMs: number): Promise<void> {
    this.#admission.close();
    for (const { socket } of this.#connections.values()) socket.emit('notice', { kind: 'reconnect', afterMs: Math.random() * spreadMs });
    const deadline = performance.now() + spreadMs + LEAVE_GRACE_MS;
    while (this.size > 0 && performance.now() < deadline) await delay(LEAVE_POLL_MS);
  }

  /** Ends all connections here, also those whose clients do not read the farewell. The HTTP server stays open: it is not this one's. */
  async close(): Promise<void> {
    this.#admission.close();
    const { clients } = this.io.engine as unknown as { clients: Record<string, { request: IncomingMessage }> };
    const sockets = Object.values(clients).map(({ request }) => request.socket);
    // The engine's end, not Socket.IO's: a stock client that is disconnected by the server does not connect again by itself.
    this.io.engine.close();
    await Promise.all([...this.io._nsps.values()].map((namespace) => namespace.adapter.close()));
    await Promise.all(sockets.map(endOf));
  }

  async #authenticate(socket: HubSocket, next: (error?: Error) => void): Promise<void> {
    try {
      const { entrance, connection } = this.options;
      const own = this.#limitsOf(socket.conn);
      own.take('event');
      connection.checkPayload(authOf(socket));
      const principal = await entrance.authenticate(credentialsOf(socket), entrance.addressOf(socket.request));
      // A client that left meanwhile is never connected, and so never disconnected; so is one that leaves before its connection event.
      const limits = entrance.limitsOf(principal, own);
      const make = () => new Connection(socket, principal, limits, connection);
      const made = this.#returning.isFor(socket) ? await this.#returning.connect(socket, principal.user.id, make) : make();
      if (socket.conn.readyState !== 'open') {
        made.close();
        this.#returning.ended(socket, ENDED_EARLY);
        return next(new Error('the connection has ended'));
      }
      this.#connections.set(socket.id, made);
      socket.data.userId = principal.user.id;
      this.#entering.add(socket);
      next();
    } catch (thrown) {
      this.options.onFault('connect', thrown);
      const error = toWireError(thrown);
      next(Object.assign(new Error(error.message), { data: { error } satisfies ConnectErrorData }));
      if ('close' in ERRORS[error.code]) socket.conn.close();
    }
  }

  #limitsOf(connection: object): ConnectionLimits {
    const limited = connection as Limited;
    limited[LIMITS] ??= this.options.entrance.newLimits();
    return limited[LIMITS];
  }

  #begin(socket: HubSocket): void {
    const connection = this.#connections.get(socket.id);
    if (!connection) {
      socket.disconnect(true);
      return;
    }
    this.#entering.delete(socket);
    if (this.#isJoined) void socket.join(connectionsOf(connection.principal.user.id));
    this.options.onConnection(socket.conn.transport.name);
    this.#listeners.addAll(socket, this.options.connection.handlers);
    connection.start();
    connection.begin();
    this.#small.settle(socket);
  }

  #endEntering(connection: object): void {
    for (const socket of this.#entering) {
      if (socket.conn !== connection) continue;
      this.#entering.delete(socket);
      this.#returning.ended(socket, ENDED_EARLY);
      this.#end(socket.id);
    }
  }

  #end(socketId: string): void {
    this.#connections.get(socketId)?.close();
    this.#connections.delete(socketId);
  }
}

/** The rooms that each socket is in by itself, and those of its subscriptions, whose names are in braces. */
function isOwnRoom(room: string, { id, data }: HubSocket): boolean {
  return room === id || room === connectionsOf(data.userId) || room.startsWith('{');
}

/** Waits a moment for a connection to end by itself, then ends it. */
async function endOf(socket: IncomingMessage['socket']): Promise<void> {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), FAREWELL_MS);
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  clearTimeout(timer);
}

/** The handshake's `auth`; a client that cannot set it gives a header. The authenticator checks what they are. */
function credentialsOf(socket: HubSocket): Credentials {
  const { token, name, guestKey } = authOf(socket) as Credentials;
  return { token: token ?? bearerOf(socket.request), name, guestKey };
}

function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer (\S+)$/i.exec(String(headerOf(request, 'authorization') ?? ''))?.[1];
}
