import { Socket } from 'engine.io';
import { prepareListeners } from './compact.js';
import type { EngineConnection, EngineServer, EngineTransport } from './internals.js';
import type { OpeningRequest } from './kept-request.js';
import { SmallTransport } from './small-transport.js';
import { writeAtOnce } from './write-at-once.js';

const PROTOCOL = 4;
const EngineSocket = Socket as unknown as new (
  id: string,
  engine: EngineServer,
  transport: unknown,
  request: OpeningRequest,
  protocol: typeof PROTOCOL,
) => EngineConnection;

/** engine.io's socket without the closures and the timer that are taken off again where a connection is made small. */
export class SmallConnection extends EngineSocket {
  constructor(...parts: ConstructorParameters<typeof EngineSocket>) {
    super(...parts);
    prepareListeners(this);
  }

  override setTransport(transport: EngineTransport): void {
    if (!(transport instanceof SmallTransport)) {
      super.setTransport(transport);
      return;
    }
    this.transport = transport as never;
    transport.carry(this);
  }

  /** Tells the client of its session past engine.io's queues, which are empty. */
  override onOpen(): void {
    const { transport, id } = this;
    const { initialPacket, pingInterval, pingTimeout, maxHttpBufferSize } = this.server.opts;
    if (!(transport instanceof SmallTransport) || initialPacket) {
      super.onOpen();
      return;
    }
    this.readyState = 'open';
    transport.sid = id;
    // Ids have no character that JSON would escape, and a WebSocket is upgraded to nothing.
    transport.sendOpen(
      `{"sid":"${id}","upgrades":[],"pingInterval":${pingInterval},"pingTimeout":${pingTimeout},"maxPayload":${maxHttpBufferSize}}`,
    );
    this.emit('open');
  }

  override write(...packet: Parameters<EngineConnection['write']>): EngineConnection {
    return writeAtOnce.call(this, ...packet);
  }

  /** `Heartbeats` pings. */
  override schedulePing(): void {}
}

/**
 * Opens clients that begin with a WebSocket as small connections, as engine.io's upgrade and handshake do. Whatever is unusual it does itself: polling,
 * its older protocol, what it refuses, ids that are not `newId`'s, and all where middlewares or `allowRequest` want to be asked.
 */
export function openSmallConnections(engine: EngineServer, newId: () => string): void {
  const { handleUpgrade, handshake } = engine;
  const isUsual = ({ _query: { EIO } }: OpeningRequest) => EIO === String(PROTOCOL) && engine.generateId === newId;
  const open = (request: OpeningRequest) => {
    const transport = new SmallTransport(request as never);
    transport.perMessageDeflate = engine.opts.perMessageDeflate;
    const connection = new SmallConnection(newId(), engine, transport, request, PROTOCOL);
    engine.clients[connection.id] = connection;
    engine.clientsCount++;
    return engine.emit('connection', connection);
  };
  engine.generateId = newId;
  engine.handshake = (name, request, refuse) =>
    name === 'websocket' && isUsual(request) ? open(request) : handshake.call(engine, name, request, refuse);
  engine.handleUpgrade = (request, socket, head) => {
    engine.prepare(request);
    const { ws } = engine;
    if (!ws || !isUsual(request) || head.length > 0 || !letsIn(engine, request)) {
      handleUpgrade.call(engine, request, socket, head);
      return;
    }
    ws.handleUpgrade(request, socket, head, (websocket) => {
      request.websocket = websocket;
      open(request);
    });
  };
}

/** Whether engine.io would ask nobody about a request that opens a client, and find nothing wrong with it. What an origin is written with is Node's to check. */
function letsIn({ opts, middlewares }: EngineServer, { method, _query: { transport, sid } }: OpeningRequest): boolean {
  const isAsked = middlewares.length > 0 || opts.allowRequest !== undefined;
  return !isAsked && !sid && method === 'GET' && transport === 'websocket' && opts.transports.includes(transport);
}
