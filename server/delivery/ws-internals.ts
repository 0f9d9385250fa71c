import type { Socket as TcpSocket } from 'node:net';
import type { Duplex, Writable } from 'node:stream';
import * as ws from 'ws';

/*
 * What ws 8 keeps and does not declare, as far as it is used here. `connections/internals.test.ts` and `delivery.test.ts` hold each of these
 * to the installed version.
 */

/** A WebSocket, as its server has set it up. */
export interface WsParts {
  _extensions: Readonly<Record<string, unknown>>;
  _receiver: WsReceiver | object;
  _sender: WsSender;
  _socket: object | null;
  _readyState: number;
  setSocket(socket: Duplex, head: Buffer, options: object): void;
}

/** ws's parser of what comes in. */
export interface WsReceiver extends Writable {
  readonly _state: number;
  readonly _bufferedBytes: number;
  readonly _fragmented: number;
  readonly _errored: boolean;
  readonly _writableState: ReceiverState;
}

/** The state that ws asks a receiver for. */
export interface ReceiverState {
  readonly errorEmitted: boolean;
  readonly finished: boolean;
  readonly needDrain: boolean;
}

export type Sent = (error?: Error) => void;
export interface SendOptions {
  readonly binary?: boolean;
  readonly compress?: boolean;
}

/** A connection's sending side. */
export interface WsSender {
  readonly _socket: TcpSocket;
  /** One of the turn's keeps none. */
  _extensions?: object;
  /** Of the turn's only. */
  readonly congested?: boolean;
  send(data: string | Uint8Array, options: SendOptions, sent?: Sent): void;
  /** A frame in parts, header first. */
  sendFrame(list: readonly (Buffer | string)[], sent?: Sent): void;
}

/** What a connection's extension `permessage-deflate` has agreed on. */
export interface WsDeflate {
  readonly params: { readonly server_no_context_takeover?: boolean; readonly server_max_window_bits?: number };
  readonly _threshold: number;
}

type Done = (websocket: object, request: object) => void;
export interface WsServer extends ws.WebSocketServer {
  readonly _state: number;
  completeUpgrade(extensions: object, key: string, protocols: Set<string>, request: object, socket: Duplex, head: Buffer, done: Done): void;
}

export const WsSocket = ws.WebSocket as unknown as new (address: null, protocols?: undefined, options?: object) => WsParts;
export const WsServer = ws.WebSocketServer as unknown as new (options: ws.ServerOptions) => WsServer;
/** ws's sender without its constructor: what that puts on each is for what is compressed and queued there. */
export const BareSender = function BareSender() {} as unknown as new () => WsSender;
BareSender.prototype = (ws as unknown as { Sender: typeof BareSender }).Sender.prototype;

/** Of all WebSockets that have none. */
export const NO_EXTENSIONS = Object.freeze({});
