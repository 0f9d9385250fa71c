import type { Socket as TcpSocket } from 'node:net';
import WebSocket, { type ServerOptions, WebSocketServer } from 'ws';
import { type SenderHost, TurnSender } from './turn-sender.js';

/** What ws 8 keeps of a connection, as far as it is used here; `turn-socket.test.ts` holds it to the version. */
interface WsInternals {
  _sender: TurnSender | object;
  readonly _extensions: Record<string, unknown>;
  setSocket(socket: TcpSocket, head: Buffer, options: object): void;
}
const Base = WebSocket as unknown as new (address: null, protocols?: undefined, options?: object) => WsInternals;

/** What engine.io's `wsEngine` takes: a WebSocket server whose connections send through the turn. */
export function createWsEngine(host: SenderHost): typeof WebSocketServer {
  class TurnSocket extends Base {
    override setSocket(socket: TcpSocket, head: Buffer, options: object): void {
      super.setSocket(socket, head, options);
      // With what ws has put on its own.
      this._sender = Object.assign(new TurnSender(host, socket, this._extensions), this._sender);
    }
  }
  return class TurnServer extends WebSocketServer {
    constructor(options: ServerOptions) {
      const { perMessageDeflate: deflate } = options;
      const perMessageDeflate = typeof deflate === 'object' ? { ...deflate, serverNoContextTakeover: true } : deflate;
      super({ ...options, perMessageDeflate, WebSocket: TurnSocket as unknown as typeof WebSocket });
    }
  } as typeof WebSocketServer;
}

/** The sender of a WebSocket that this hub's engine has made. */
export function senderOf(socket: unknown): TurnSender | undefined {
  const sender = (socket as Partial<WsInternals> | undefined)?._sender;
  return sender instanceof TurnSender ? sender : undefined;
}
