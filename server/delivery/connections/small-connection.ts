import { Socket } from 'engine.io';
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
  override setTransport(transport: EngineTransport): void {
    if (!(transport instanceof SmallTransport)) {
      super.setTransport(transport);
      return;
    }
    this.transport = transport as never;
    transport.carry(this);
  }

  override write(...packet: Parameters<EngineConnection['write']>): EngineConnection {
    return writeAtOnce.call(this, ...packet);
  }

  /** `Heartbeats` pings. */
  override schedulePing(): void {}
}

/**
 * Opens clients that begin with a WebSocket as small connections, as engine.io's handshake does. Whatever is unusual it does itself: polling, its older
 * protocol, and ids that are not `newId`'s.
 */
export function openSmallConnections(engine: EngineServer, newId: () => string): void {
  const { handshake } = engine;
  engine.generateId = newId;
  engine.handshake = (name, request, refuse) => {
    const isUsual = name === 'websocket' && request._query.EIO === String(PROTOCOL) && engine.generateId === newId;
    if (!isUsual) return handshake.call(engine, name, request, refuse);
    const transport = new SmallTransport(request as never);
    transport.perMessageDeflate = engine.opts.perMessageDeflate;
    const connection = new SmallConnection(newId(), engine, transport, request, PROTOCOL);
    engine.clients[connection.id] = connection;
    engine.clientsCount++;
    return engine.emit('connection', connection);
  };
}
