import type { EventEmitter } from 'node:events';
import type { Socket as TcpSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { KeptRequest, OpeningRequest } from './kept-request.js';

/*
 * What engine.io 6.6 and socket.io 4.8 keep of a connection and do not declare, as far as it is used here. `internals.test.ts` holds each of
 * these to the installed versions.
 */

/** A timer of engine.io's, or what stands in for it. */
export interface Refreshable {
  refresh(): unknown;
}

export interface EngineTransport extends EventEmitter {
  readonly name: string;
  readonly readyState: string;
  /** The `ws` socket of a WebSocket transport. */
  readonly socket?: EventEmitter & { readonly _socket: TcpSocket };
}

/** engine.io's socket: one client over all transports that it uses. */
export interface EngineConnection extends EventEmitter {
  readonly id: string;
  readonly protocol: 3 | 4;
  readonly server: EngineServer;
  readyState: 'opening' | 'open' | 'closing' | 'closed';
  transport: EngineTransport;
  request: OpeningRequest | KeptRequest;
  pingIntervalTimer: Refreshable | null;
  pingTimeoutTimer: Refreshable | null;
  hasRefreshedPingTimeout: boolean;
  /** What ends the listeners on the transport. */
  cleanupFn: (() => void)[];
  writeBuffer: unknown[];
  packetsFn: unknown[];
  sentCallbackFn: unknown[];
  sendPacket(type: 'ping' | 'message', data?: unknown, options?: object, sent?: () => void): void;
  write(data: unknown, options?: object, sent?: () => void): EngineConnection;
  onPacket(packet: unknown): void;
  onDrain(): void;
  flush(): void;
  onError(error: Error): void;
  onClose(reason: string, description?: unknown): void;
  setTransport(transport: EngineTransport): void;
  onOpen(): void;
  schedulePing(): void;
}

export interface EngineServer extends EventEmitter {
  readonly opts: {
    readonly pingInterval: number;
    readonly pingTimeout: number;
    readonly maxHttpBufferSize: number;
    readonly initialPacket?: unknown;
    readonly transports: readonly string[];
    readonly perMessageDeflate?: unknown;
    readonly allowRequest?: unknown;
  };
  readonly middlewares: readonly unknown[];
  readonly clients: Record<string, EngineConnection>;
  clientsCount: number;
  readonly ws?: {
    readonly options?: { readonly maxPayload?: number };
    handleUpgrade(request: OpeningRequest, socket: Duplex, head: Buffer, done: (websocket: object) => void): void;
  };
  prepare(request: OpeningRequest): void;
  generateId(request: OpeningRequest): unknown;
  createTransport(name: string, request: OpeningRequest): EngineTransport;
  handshake(transport: string, request: OpeningRequest, refuse: (code: number) => void): unknown;
  handleUpgrade(request: OpeningRequest, socket: Duplex, head: Buffer): void;
}
