import type { ReceiverState, WsReceiver } from '../ws-internals.js';
import { isShortTextBegun, readShortTexts } from './short-texts.js';

/** Who hears a WebSocket's messages of text, where nobody else does. */
export interface TextHearer {
  readonly isAlone: boolean;
  hear(text: string): void;
}

type Owned = Record<symbol, object | undefined>;

/** `_state` of a receiver that waits for the first byte of a frame. */
const AT_FRAME_START = 0;
/** As a receiver that has nothing half read and is ended at once. */
const RESTING: ReceiverState = { errorEmitted: false, finished: true, needDrain: false };
/** A turn of the event loop reads from one connection at a time: more than a few are only wanted after large messages. */
const POOL_SIZE = 16;

/** Receivers of ws that are between two frames, for whoever gets data next. */
export class ReceiverPool {
  readonly #free: WsReceiver[] = [];
  /** The key under which ws keeps the WebSocket on its receiver and on its connection. */
  readonly owner: symbol;

  /** `model`: one that ws has made and set up; the others listen as it does. */
  constructor(
    private readonly model: WsReceiver,
    /** Those of the WebSocket server, as far as a receiver takes them. */
    private readonly options: { readonly maxPayload?: number },
  ) {
    this.owner = ownerSymbol(model);
    (model as unknown as Owned)[this.owner] = undefined;
  }

  /** Bytes of a message at most; 0: as many as there are. */
  get maxPayload(): number {
    return this.options.maxPayload ?? 0;
  }

  /** One whose events go to the WebSocket `owner`. */
  take(owner: object): WsReceiver {
    const receiver = this.#free.pop() ?? this.#make();
    (receiver as unknown as Owned)[this.owner] = owner;
    return receiver;
  }

  give(receiver: WsReceiver): void {
    // Whose it was must not live on through the pool.
    (receiver as unknown as Owned)[this.owner] = undefined;
    if (this.#free.length < POOL_SIZE) this.#free.push(receiver);
  }

  #make(): WsReceiver {
    const Receiver = this.model.constructor as new (options: object) => WsReceiver;
    const receiver = new Receiver({ ...this.options, isServer: true });
    for (const event of this.model.eventNames())
      for (const listener of this.model.rawListeners(event)) receiver.on(event, listener as never);
    return receiver;
  }
}

/**
 * Stands where ws keeps the receiver of a WebSocket, and has one of the pool's only while a frame is half read that is no short text. A
 * receiver is a whole stream, 1.2 KiB; a connection that is quiet needs none.
 */
export class LentReceiver {
  #held: WsReceiver | undefined;
  /** Of a short text that is half read. */
  #begun: Buffer | undefined;

  constructor(
    private readonly owner: object,
    private readonly pool: ReceiverPool,
    public hearer: TextHearer | undefined = undefined,
  ) {}

  /** A frame is half read. */
  get isHolding(): boolean {
    return this.#held !== undefined || this.#begun !== undefined;
  }

  get _writableState(): ReceiverState {
    return this.#held?._writableState ?? RESTING;
  }

  /** False as `Writable.write`. */
  write(chunk: Buffer): boolean {
    const bytes = this.#begun ? Buffer.concat([this.#begun, chunk]) : chunk;
    this.#begun = undefined;
    const { hearer } = this;
    if (this.#held || !hearer?.isAlone) return this.#write(bytes);
    const { maxPayload } = this.pool;
    const rest = bytes.subarray(readShortTexts(bytes, maxPayload, (text) => hearer.hear(text)));
    if (rest.length === 0) return true;
    if (!isShortTextBegun(rest, maxPayload)) return this.#write(rest);
    // A copy: what was read with it is not to be kept for it.
    this.#begun = Buffer.from(rest);
    return true;
  }

  #write(chunk: Buffer): boolean {
    const receiver = this.#held ?? this.pool.take(this.owner);
    this.#held = receiver;
    const goOn = receiver.write(chunk);
    if (isResting(receiver)) this.#return();
    else if (receiver.writableNeedDrain) receiver.once('drain', () => isResting(receiver) && this.#return());
    return goOn;
  }

  end(): void {
    this.#held?.end();
  }

  on(event: string, listener: (...args: unknown[]) => void): this {
    this.#held?.on(event, listener);
    return this;
  }

  /** Asked for by ws when the WebSocket has ended. */
  removeAllListeners(): this {
    this.#held?.removeAllListeners();
    this.#held = undefined;
    this.#begun = undefined;
    return this;
  }

  #return(): void {
    if (!this.#held) return;
    this.pool.give(this.#held);
    this.#held = undefined;
  }
}

/** Between two frames, with nothing left to read. */
export function isResting(receiver: WsReceiver): boolean {
  const { _state, _bufferedBytes, _fragmented, _errored } = receiver;
  const hasRead = _state === AT_FRAME_START && _bufferedBytes === 0 && _fragmented === 0 && !_errored;
  return hasRead && receiver.writableLength === 0 && !receiver.writableNeedDrain && !receiver.writableEnded && !receiver.destroyed;
}

/** ws exports it nowhere. */
function ownerSymbol(receiver: WsReceiver): symbol {
  const found = Object.getOwnPropertySymbols(receiver).find(({ description }) => description === 'websocket');
  if (!found) throw new Error('ws keeps no WebSocket on its receivers any more');
  return found;
}
