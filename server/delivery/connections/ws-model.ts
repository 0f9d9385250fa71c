import type { Socket as TcpSocket } from 'node:net';
import { type Duplex, PassThrough } from 'node:stream';
import WebSocket from 'ws';
import { NO_EXTENSIONS, type WsParts, type WsReceiver, WsSocket } from '../ws-internals.js';
import { LentReceiver, ReceiverPool } from './lent-receiver.js';

type Listener = (...args: unknown[]) => void;
type Owned = Record<symbol, object | undefined>;

const NO_HEAD = Buffer.alloc(0);

/**
 * How ws sets a WebSocket up on its connection, read off one that it has set up: it exports none of these functions. Each is set up with a
 * lent receiver at once; ws would make one, a whole stream with six listeners, which is taken off again.
 */
export class WsModel {
  readonly #listeners: readonly (readonly [string | symbol, Listener])[];
  readonly #owner: symbol;
  readonly #receivers: ReceiverPool;

  /** `options`: the WebSocket server's. */
  constructor(options: object) {
    const stream = new PassThrough();
    const before = countsOf(stream);
    const model = new WsSocket(null, undefined, options);
    model.setSocket(stream, NO_HEAD, options);
    this.#listeners = stream.eventNames().flatMap((event) =>
      stream
        .rawListeners(event)
        .slice(before(event))
        .map((listener) => [event, listener as Listener] as const),
    );
    this.#receivers = new ReceiverPool(model._receiver as WsReceiver, options);
    this.#owner = this.#receivers.owner;
  }

  /** Opens `websocket`, which has a sender and no extensions, on `tcp`, which need be no more than a stream. */
  setUp(websocket: WsParts, tcp: Duplex & Partial<Pick<TcpSocket, 'setTimeout' | 'setNoDelay'>>): void {
    websocket._extensions = NO_EXTENSIONS;
    websocket._receiver = new LentReceiver(websocket, this.#receivers);
    websocket._socket = tcp;
    (tcp as unknown as Owned)[this.#owner] = websocket;
    tcp.setTimeout?.(0);
    tcp.setNoDelay?.();
    for (const [event, listener] of this.#listeners) tcp.on(event as string, listener);
    websocket._readyState = WebSocket.OPEN;
  }
}

function countsOf(stream: PassThrough): (event: string | symbol) => number {
  const counts = new Map(stream.eventNames().map((event) => [event, stream.listenerCount(event)]));
  return (event) => counts.get(event) ?? 0;
}
