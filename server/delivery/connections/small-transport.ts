import { Transport } from 'engine.io';
import type { WebSocket } from 'ws';
import type { Sent, WsParts } from '../ws-internals.js';
import { CommonListeners } from './common-listeners.js';
import type { EngineConnection, EngineTransport } from './internals.js';
import type { OpeningRequest } from './kept-request.js';
import type { TextHearer } from './lent-receiver.js';
import { areIgnoringEvents, parseShortEvent } from './short-event.js';
import type { SmallDecoder } from './small-decoder.js';

interface Packet {
  readonly type: string;
  readonly data?: unknown;
  readonly options?: { readonly compress: boolean; readonly wsPreEncodedFrame?: readonly Buffer[] };
}
type Sending = Pick<WsParts, '_sender'>;
interface Emitting {
  readonly _events: Readonly<Record<string, unknown>>;
}
/** The parts of engine.io's transport that its types leave out. */
interface TransportParts {
  onData(data: string | Buffer): void;
  onClose(): void;
  onError(message: string, description?: unknown): void;
  readonly parser: { encodePacket(packet: Packet, supportsBinary: boolean, encoded: (data: string | Buffer) => void): void };
}

/** engine.io's names for its first packet and for a message, in front of their text. */
const OPEN = '0';
const MESSAGE = '4';
/** `WebSocket.OPEN`. */
const READY = 1;
const COMPRESSED = { compress: true };
const PLAIN = { compress: false };
/** By the WebSocket, for listeners that all of them share. */
const TRANSPORT = Symbol('transport');
type Carrying = WebSocket & { [TRANSPORT]: SmallTransport };

function onMessage(this: Carrying, data: Buffer, isBinary: boolean): void {
  (this[TRANSPORT] as unknown as TransportParts).onData(isBinary ? data : data.toString());
}
function onClose(this: Carrying): void {
  (this[TRANSPORT] as unknown as TransportParts).onClose();
}
function onError(this: Carrying, error: Error): void {
  (this[TRANSPORT] as unknown as TransportParts).onError(error as never);
}

const LISTENERS = new CommonListeners();
LISTENERS.set('message', onMessage);
LISTENERS.set('close', onClose);
LISTENERS.set('error', onError);

/**
 * engine.io's WebSocket transport without closures of its own: what it says goes straight to the connection that it carries, once there is
 * one.
 */
export class SmallTransport extends Transport implements TextHearer {
  readonly socket: WebSocket;
  /** The client's, once that is in a namespace. */
  decoder: SmallDecoder | undefined;
  /** Set by engine.io: with compression, frames that were made elsewhere do not fit. */
  perMessageDeflate: unknown = null;
  #connection: EngineConnection | undefined;

  constructor(request: OpeningRequest & { websocket: WebSocket }) {
    super(request as never);
    this.socket = request.websocket;
    (this.socket as Carrying)[TRANSPORT] = this;
    // engine.io's stand-in until a transport listens.
    this.socket.removeAllListeners('error');
    if (!LISTENERS.give(this.socket)) this.#listen();
    this.writable = true;
  }

  get name(): string {
    return 'websocket';
  }

  /** Read off the prototype by engine.io. */
  get handlesUpgrades(): boolean {
    return true;
  }

  /** Takes the place of the connection's listeners on this transport. */
  carry(connection: EngineConnection): void {
    for (const end of connection.cleanupFn) end();
    connection.cleanupFn = [];
    // Asked for by polling only.
    this.removeAllListeners('headers');
    this.#connection = connection;
  }

  send(packets: Packet[]): void {
    this.writable = false;
    packets.forEach((packet, index) => {
      const isLast = index === packets.length - 1;
      this.#send(packet, (error) => this.#sent(isLast, error));
    });
  }

  /** The first packet, which says what the session is. */
  sendOpen(session: string): void {
    this.socket.send(OPEN + session);
  }

  /** Whether a message can go before all that has been handed over was taken. */
  get isFree(): boolean {
    return this.writable && (this.socket as unknown as Sending)._sender.congested === false;
  }

  /** A message of text, while it is free. */
  sendText(text: string, compress: boolean): void {
    const { socket } = this;
    // As ws does, which first looks at what the options may be.
    if (socket.readyState === READY) (socket as unknown as Sending)._sender.send(MESSAGE + text, compress ? COMPRESSED : PLAIN);
    else socket.send(MESSAGE + text);
  }

  /** Nobody else listens to the WebSocket. */
  get isAlone(): boolean {
    return (this.socket as unknown as Emitting)._events.message === onMessage;
  }

  /** An event that only Socket.IO would hear of goes to it in one step, past the parsers; all else as it came. */
  hear(text: string): void {
    const [connection, decoder] = [this.#connection, this.decoder];
    const event = connection && decoder?.isFree && this.#isStraight(connection) ? parseShortEvent(text) : undefined;
    if (!event || !decoder!.takeParsed(event)) (this as unknown as TransportParts).onData(text);
    else refresh(connection!);
  }

  /** engine.io would bring what comes in to one listener. */
  #isStraight(connection: EngineConnection): boolean {
    const { data, packet, message } = (connection as unknown as Emitting)._events;
    const isHeardOnce = typeof data === 'function' && areIgnoringEvents(packet) && message === undefined;
    return isHeardOnce && connection.readyState === 'open' && connection.transport === (this as unknown as EngineTransport);
  }

  doClose(closed?: () => void): void {
    this.socket.close();
    closed?.();
  }

  override emit(event: string, ...args: unknown[]): boolean {
    const connection = this.#connection;
    if (connection?.transport === (this as unknown as EngineTransport)) tell(connection, event, args[0]);
    return this.listenerCount(event) > 0 && super.emit(event, ...args);
  }

  protected override onError(message: string, description?: unknown): void {
    this.emit('error', Object.assign(new Error(message), { type: 'TransportError', description }));
  }

  /** To a WebSocket that somebody else listens to already. */
  #listen(): void {
    this.socket.on('message', onMessage as never);
    this.socket.on('close', onClose as never);
    this.socket.on('error', onError as never);
  }

  #send(packet: Packet, sent: Sent): void {
    const frame = packet.options?.wsPreEncodedFrame;
    if (frame && !this.perMessageDeflate) {
      (this.socket as unknown as Sending)._sender.sendFrame(frame, sent);
      return;
    }
    const { parser } = this as unknown as TransportParts;
    parser.encodePacket(packet, this.supportsBinary, (data) => this.socket.send(data, sent));
  }

  #sent(isLast: boolean, error: Error | undefined): void {
    if (error) this.onError('write error', error.stack);
    else if (isLast) {
      this.emit('drain');
      this.writable = true;
      this.emit('ready');
    }
  }
}

/** As engine.io does with each packet. */
function refresh(connection: EngineConnection): void {
  if (connection.pingTimeoutTimer === null || connection.hasRefreshedPingTimeout) return;
  connection.pingTimeoutTimer.refresh();
  connection.hasRefreshedPingTimeout = true;
}

/** What the connection's own listeners would do. */
function tell(connection: EngineConnection, event: string, what: unknown): void {
  if (event === 'packet') connection.onPacket(what);
  else if (event === 'drain') connection.onDrain();
  else if (event === 'ready') connection.flush();
  else if (event === 'error') connection.onError(what as Error);
  else if (event === 'close') connection.onClose('transport close');
}
