import type { EngineServer, WsParts, WsReceiver } from './internals.js';
import { LentReceiver, ReceiverPool } from './lent-receiver.js';

const NO_EXTENSIONS = Object.freeze({});

/** Takes the receivers of quiet WebSockets off them. */
export class Receivers {
  #pool: ReceiverPool | undefined;

  constructor(private readonly engine: Pick<EngineServer, 'ws'>) {}

  /** For a WebSocket that ws has set up just now. One that compresses keeps its receiver, which has a state of its own between messages. */
  lend(websocket: object): void {
    const parts = websocket as WsParts;
    if (!parts._receiver || Object.keys(parts._extensions).length > 0) return;
    parts._extensions = NO_EXTENSIONS;
    parts._sender._extensions = NO_EXTENSIONS;
    this.#pool ??= new ReceiverPool(parts._receiver as WsReceiver, this.engine.ws?.options ?? {});
    parts._receiver = new LentReceiver(websocket, this.#pool);
  }
}
