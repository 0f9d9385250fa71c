import { hash } from 'node:crypto';
import type { Socket as TcpSocket } from 'node:net';
import type { ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { takeCommonListeners } from './connections/common-listeners.js';
import { WsModel } from './connections/ws-model.js';
import { ReadyFrame } from './frame.js';
import { type SenderHost, TurnSender } from './turn-sender.js';
import { NO_EXTENSIONS, type WsParts, WsServer, WsSocket } from './ws-internals.js';

/** Of RFC 6455, 4.2.2: what is hashed with a client's key. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** `_state` of a server that takes clients in. */
const RUNNING = 0;

/** What engine.io's `wsEngine` takes: a WebSocket server whose connections send through the turn. */
export function createWsEngine(host: SenderHost): typeof WebSocketServer {
  class TurnSocket extends WsSocket {
    override setSocket(socket: TcpSocket, head: Buffer, options: object): void {
      super.setSocket(socket, head, options);
      this._sender = new TurnSender(host, socket, this._extensions);
    }

    /** As `setSocket`, of one without extensions, whose answer to the upgrade goes out with what the turn sends first. */
    open(socket: TcpSocket, answer: string, model: WsModel): void {
      this._sender = new TurnSender(host, socket, NO_EXTENSIONS, new ReadyFrame([answer]));
      model.setUp(this, socket);
    }
  }
  takeCommonListeners(TurnSocket.prototype as unknown as WebSocket);

  return class TurnServer extends WsServer {
    readonly #model: WsModel;

    constructor(options: ServerOptions) {
      const { perMessageDeflate: deflate } = options;
      const perMessageDeflate = typeof deflate === 'object' ? { ...deflate, serverNoContextTakeover: true } : deflate;
      super({ ...options, perMessageDeflate, WebSocket: TurnSocket as unknown as typeof WebSocket });
      this.#model = new WsModel(this.options);
    }

    /** By itself where ws would only answer and set up. */
    override completeUpgrade(...[extensions, key, protocols, request, socket, head, done]: Parameters<WsServer['completeUpgrade']>): void {
      const isPlain = protocols.size === 0 && Object.keys(extensions).length === 0 && head.length === 0;
      if (!isPlain || this._state !== RUNNING || !socket.readable || !socket.writable) {
        socket.cork();
        super.completeUpgrade(extensions, key, protocols, request, socket, head, done);
        return;
      }
      const headers = answerTo(key);
      this.emit('headers', headers, request);
      // Of ws, for as long as nobody else listens.
      socket.removeListener('error', socket.rawListeners('error').at(-1) as () => void);
      const websocket = new TurnSocket(null, undefined, this.options);
      websocket.open(socket as TcpSocket, `${headers.join('\r\n')}\r\n\r\n`, this.#model);
      done(websocket, request);
    }
  } as unknown as typeof WebSocketServer;
}

/** The lines that accept an upgrade (RFC 6455, 4.2.2). */
function answerTo(key: string): string[] {
  const accept = hash('sha1', key + GUID, 'base64');
  return ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`];
}

/** The sender of a WebSocket that this hub's engine has made. */
export function senderOf(socket: unknown): TurnSender | undefined {
  const sender = (socket as Partial<WsParts> | undefined)?._sender;
  return sender instanceof TurnSender ? sender : undefined;
}
