import type { Socket as TcpSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import WebSocket, { type ServerOptions, WebSocketServer } from 'ws';
import { takeCommonListeners } from './connections/common-listeners.js';
import { type SenderHost, TurnSender } from './turn-sender.js';

/** What ws 8 keeps of a connection, as far as it is used here; `delivery.test.ts` holds it to the version. */
interface WsInternals {
  _sender: TurnSender | object;
  readonly _extensions: Record<string, unknown>;
  setSocket(socket: TcpSocket, head: Buffer, options: object): void;
}
interface WsServerInternals extends WebSocketServer {
  completeUpgrade(extensions: object, key: string, protocols: Set<string>, request: object, socket: Duplex, ...more: unknown[]): void;
}
const BaseServer = WebSocketServer as unknown as new (options: ServerOptions) => WsServerInternals;
const Base = WebSocket as unknown as new (address: null, protocols?: undefined, options?: object) => WsInternals;

/** What engine.io's `wsEngine` takes: a WebSocket server whose connections send through the turn. */
export function createWsEngine(host: SenderHost): typeof WebSocketServer {
  class TurnSocket extends Base {
    override setSocket(socket: TcpSocket, head: Buffer, options: object): void {
      super.setSocket(socket, head, options);
      this._sender = new TurnSender(host, socket, this._extensions);
    }
  }
  takeCommonListeners(TurnSocket.prototype as unknown as WebSocket);
  return class TurnServer extends BaseServer {
    constructor(options: ServerOptions) {
      const { perMessageDeflate: deflate } = options;
      const perMessageDeflate = typeof deflate === 'object' ? { ...deflate, serverNoContextTakeover: true } : deflate;
      super({ ...options, perMessageDeflate, WebSocket: TurnSocket as unknown as typeof WebSocket });
    }

    /** What the turn sends first goes out with the answer. */
    override completeUpgrade(
      ...[extensions, key, protocols, request, socket, ...more]: Parameters<WsServerInternals['completeUpgrade']>
    ): void {
      socket.cork();
      super.completeUpgrade(extensions, key, protocols, request, socket, ...more);
    }
  } as unknown as typeof WebSocketServer;
}

/** The sender of a WebSocket that this hub's engine has made. */
export function senderOf(socket: unknown): TurnSender | undefined {
  const sender = (socket as Partial<WsInternals> | undefined)?._sender;
  return sender instanceof TurnSender ? sender : undefined;
}
