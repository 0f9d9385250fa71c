import type { Socket as TcpSocket } from 'node:net';
import { type Duplex, PassThrough } from 'node:stream';
import WebSocket from 'ws';
import type { WsParts, WsReceiver } from './internals.js';
import { LentReceiver, ReceiverPool } from './lent-receiver.js';

type Listener = (...args: unknown[]) => void;
type Owned = Record<symbol, object | undefined>;
/** What ws 8 sets on a WebSocket that is open. */
interface SettableParts extends WsParts {
  _socket: object | null;
  _readyState: number;
}
interface SetUpParts extends SettableParts {
  setSocket(socket: object, head: Buffer, options: object): void;
}
const StockSocket = WebSocket as unknown as new (address: null, protocols: undefined, options: object) => SetUpParts;

const NO_HEAD = Buffer.alloc(0);
export const NO_EXTENSIONS = Object.freeze({});

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
    const model = new StockSocket(null, undefined, options);
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
  setUp(websocket: object, tcp: Duplex & Partial<Pick<TcpSocket, 'setTimeout' | 'setNoDelay'>>): void {
    const parts = websocket as SettableParts;
    parts._extensions = NO_EXTENSIONS;
    parts._receiver = new LentReceiver(parts, this.#receivers);
    parts._socket = tcp;
    (tcp as unknown as Owned)[this.#owner] = parts;
    tcp.setTimeout?.(0);
    tcp.setNoDelay?.();
    for (const [event, listener] of this.#listeners) tcp.on(event as string, listener);
    parts._readyState = WebSocket.OPEN;
  }
}

function countsOf(stream: PassThrough): (event: string | symbol) => number {
  const counts = new Map(stream.eventNames().map((event) => [event, stream.listenerCount(event)]));
  return (event) => counts.get(event) ?? 0;
}
