import { NO_EXTENSIONS, type WsParts, type WsReceiver } from '../ws-internals.js';
import type { EngineServer } from './internals.js';
import { isResting, LentReceiver, ReceiverPool, type TextHearer } from './lent-receiver.js';

/** The receiver that ws made for it; undefined where it has lent that already. */
function ownReceiver({ _receiver: receiver }: WsParts): WsReceiver | undefined {
  return receiver && !(receiver instanceof LentReceiver) ? (receiver as WsReceiver) : undefined;
}

/** Takes the receivers of quiet WebSockets off them. */
export class Receivers {
  #pool: ReceiverPool | undefined;

  constructor(private readonly engine: Pick<EngineServer, 'ws'>) {}

  /**
   * For a WebSocket that ws has set up. One that compresses keeps its receiver, which has a state of its own between messages. One that has
   * just read its own upgrade may have more of the same segment before it: it lends its receiver in the next turn, or keeps it.
   * `hearer`, where it is given, hears its texts from then on while it is alone.
   */
  lend(websocket: object, hearer?: TextHearer): void {
    const parts = websocket as WsParts;
    if (parts._receiver instanceof LentReceiver) parts._receiver.hearer = hearer;
    else if (Object.keys(parts._extensions).length > 0) return;
    else if (!this.#take(parts, hearer)) setImmediate(() => this.#take(parts, hearer));
  }

  /** False: it is in the middle of something. */
  #take(parts: WsParts, hearer: TextHearer | undefined): boolean {
    const receiver = ownReceiver(parts);
    if (!receiver || !isResting(receiver)) return false;
    parts._extensions = NO_EXTENSIONS;
    if (parts._sender._extensions) parts._sender._extensions = NO_EXTENSIONS;
    this.#pool ??= new ReceiverPool(receiver, this.engine.ws?.options ?? {});
    parts._receiver = new LentReceiver(parts, this.#pool, hearer);
    return true;
  }
}
