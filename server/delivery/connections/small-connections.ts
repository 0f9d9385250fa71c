import type { EventEmitter } from 'node:events';
import type { Server, ServerOptions, Socket } from 'socket.io';
import { compactListeners, trimListeners, trimmed } from './compact.js';
import { Heartbeats, trimQueues } from './heartbeats.js';
import type { EngineConnection, EngineServer } from './internals.js';
import { KeptRequest, KnownRequests, type OpeningRequest } from './kept-request.js';
import { OneMap } from './one-map.js';
import { forgetOpeningResponses } from './opening-responses.js';
import { Receivers } from './receivers.js';
import { openSmallConnections, SmallConnection } from './small-connection.js';
import { type Decoder, DecoderPool, SmallDecoder } from './small-decoder.js';
import { compactRooms, makeSmallSockets } from './small-socket.js';
import { SmallTransport } from './small-transport.js';
import { writeAtOnce } from './write-at-once.js';

/** What socket.io keeps of a socket and its client and does not declare. */
interface SocketParts {
  acks: object;
  fns: unknown[];
  readonly client: ClientParts;
}
interface ClientParts {
  readonly decoder: Decoder;
  sockets: OneMap<unknown, unknown>;
  nsps: OneMap<string, Socket>;
}
/** Takes a packet before Socket.IO does, or leaves it; `socket` is the client's in the packet's namespace. */
export type TakePacket = (socket: Socket | undefined, packet: { readonly nsp: string }) => boolean;

export interface SmallConnectionsOptions {
  /** Makes the ids of sessions and sockets. */
  readonly newId: () => string;
  /** A connection of engine.io's has ended. */
  readonly onEnd: (connection: object) => void;
  readonly take?: TakePacket;
}

/**
 * Makes the connections of a Socket.IO server small while they are quiet: their heartbeats run on two timers, the requests that opened them
 * are cut to what is asked for later, and listeners, maps and parsers take the room that one quiet client needs.
 */
export class SmallConnections {
  readonly #heartbeats: Heartbeats;
  readonly #receivers: Receivers;
  readonly #known = new KnownRequests();
  /** Of clients that have not left long-polling yet. */
  readonly #decoders = new WeakMap<object, SmallDecoder>();

  /** Called on the connection, so that all share them. */
  readonly #onClose: (this: EngineConnection) => void;
  readonly #onUpgrade: (this: EngineConnection) => void;

  /** To be made before others stand in front of engine.io. */
  constructor(io: Server, { newId, onEnd, take = () => false }: SmallConnectionsOptions) {
    const engine = io.engine as unknown as EngineServer;
    this.#heartbeats = new Heartbeats(engine.opts);
    this.#receivers = new Receivers(engine);
    forgetOpeningResponses(engine);
    openSmallConnections(engine, newId);
    carryOnSmallTransports(engine);
    makeSmallSockets(io, newId);
    makeSmallDecoders(io, take);
    const carry = (connection: EngineConnection) => this.#carry(connection);
    const end = (connection: EngineConnection) => {
      delete engine.clients[connection.id];
      engine.clientsCount--;
      this.#heartbeats.end(connection);
      onEnd(connection);
    };
    this.#onClose = function () {
      end(this);
    };
    this.#onUpgrade = function () {
      carry(this);
    };
    engine.on('connection', (connection: EngineConnection) => this.#settle(connection));
  }

  /** Cuts a socket of the main namespace down to what a quiet one needs, once its listeners are there. */
  settle(socket: Socket): void {
    const parts = socket as unknown as SocketParts;
    const { client } = parts;
    if ((parts.acks as Map<unknown, unknown>).size === 0) parts.acks = new OneMap();
    if (!(client.sockets instanceof OneMap)) {
      client.sockets = OneMap.from(client.sockets);
      client.nsps = OneMap.from(client.nsps);
    }
    if (client.decoder instanceof SmallDecoder) this.#settleDecoder(client.decoder, client, socket.conn);
    parts.fns = trimmed(parts.fns);
    trimQueues(socket.conn as unknown as EngineConnection);
    compactListeners(socket);
    compactRooms(socket);
    if (socket.conn instanceof SmallConnection) trimListeners(socket.conn);
    else compactListeners(socket.conn);
  }

  #settleDecoder(decoder: SmallDecoder, client: ClientParts, connection: object): void {
    decoder.client = client;
    const { transport } = connection as EngineConnection;
    if (transport instanceof SmallTransport) transport.decoder = decoder;
    else this.#decoders.set(connection, decoder);
  }

  #settle(connection: EngineConnection): void {
    connection.request = new KeptRequest(connection.request as OpeningRequest, this.#known);
    this.#heartbeats.take(connection);
    if (connection instanceof SmallConnection) this.#shrink(connection.transport as never);
    else this.#replaceListeners(connection);
    connection.on('close', this.#onClose);
  }

  /** Those of a connection that engine.io has opened. */
  #replaceListeners(connection: EngineConnection): void {
    // The first is a closure of each connection, in whose place the shared one does the same.
    connection.off('close', connection.rawListeners('close')[0] as never);
    this.#carry(connection);
    if (!(connection.transport instanceof SmallTransport)) connection.on('upgrade', this.#onUpgrade);
  }

  #carry(connection: EngineConnection): void {
    const { transport } = connection;
    if (!(transport instanceof SmallTransport)) return;
    transport.carry(connection);
    transport.decoder = this.#decoders.get(connection);
    this.#decoders.delete(connection);
    connection.write = writeAtOnce;
    this.#shrink(transport);
  }

  #shrink(transport: SmallTransport): void {
    this.#receivers.lend(transport.socket, transport);
    compactListeners(transport);
    compactListeners(transport.socket);
    trimListeners((transport.socket as unknown as { _socket: EventEmitter })._socket);
  }
}

/** For all clients that connect from now on, unless somebody's own parser is there: that keeps what it likes between two packets. */
function makeSmallDecoders(io: Server, take: TakePacket): void {
  const parts = io as unknown as { readonly opts: Partial<ServerOptions>; _parser: { readonly Decoder: new () => Decoder } };
  if (parts.opts.parser) return;
  const { Decoder: StockDecoder } = parts._parser;
  const pool = new DecoderPool(
    () => new StockDecoder(),
    (client, packet) => take((client as ClientParts).nsps.get(packet.nsp), packet),
  );
  class PooledDecoder extends SmallDecoder {
    constructor() {
      super(pool);
    }
  }
  parts._parser = { ...parts._parser, Decoder: PooledDecoder };
}

function carryOnSmallTransports(engine: EngineServer): void {
  const createTransport = engine.createTransport;
  engine.createTransport = (name, request) =>
    name === 'websocket' ? (new SmallTransport(request as never) as never) : createTransport.call(engine, name, request);
}
