import type { Socket as TcpSocket } from 'node:net';
import { deflateMessage } from './deflate.js';
import { type Frame, MessageFrame, ReadyFrame } from './frame.js';
import { handleOf, hasStill, type SystemHandle, writeStraight } from './straight-write.js';
import { type Lane, NOTHING, type Turn, type TurnGroup, type TurnWriter } from './turn.js';
import { BareSender, type SendOptions, type Sent, type WsDeflate } from './ws-internals.js';

/** What ws asks of a sender that it keeps nothing in. */
const EMPTY_SENDER = { _bufferedBytes: 0, _state: 0 };
const NO_FRAME = new ReadyFrame([]);
/** Of all that are not congested. */
const NONE_HELD: Sent[] = [];
const DEFLATE = 'permessage-deflate';
const OPCODE = 0x0f;
const CLOSE = 8;
/** Bytes that the kernel has refused past which a connection counts as congested. */
const CONGESTED_BYTES = 64 * 1024;
const WINDOW_BITS = 15;

export interface SenderHost {
  readonly turn: Turn;
  /** A connection has become congested, or has drained. */
  onCongestion(sender: TurnSender): void;
  /** The kernel has not taken all that was written. */
  onWaiting(sender: TurnSender): void;
  /** Bytes that were written past the connections' streams, which do not count them. */
  straightBytes: number;
}

/**
 * The sending side of one WebSocket: hands each message to the turn. While the connection is congested, what is sent stays with
 * engine.io, as it does without this: its volatile messages are then dropped.
 */
export class TurnSender extends BareSender implements TurnWriter {
  override readonly _socket: TcpSocket;
  own: Lane = NOTHING;
  first: TurnGroup | undefined;
  more: TurnGroup[] | undefined;
  readonly takesCompressed: boolean;
  /** Bytes from which its messages are compressed, where it takes that. */
  readonly #threshold: number;
  readonly #host: SenderHost;
  #closed = false;
  /** While nothing waits in the connection's stream: what is written to without it. */
  #handle: SystemHandle | undefined;
  /** The handle's. */
  #fd = -1;
  #congested = false;
  /** Of what was sent while congested: a message, behind which engine.io sends no other, and ws's answers to pings. */
  #held: Sent[] = NONE_HELD;

  /** `answer`: to the upgrade, where that is not in the socket's stream. */
  constructor(host: SenderHost, socket: TcpSocket, extensions: Readonly<Record<string, unknown>>, answer?: Frame) {
    super();
    this._socket = socket;
    const deflate = extensions[DEFLATE] as WsDeflate | undefined;
    this.#host = host;
    this.takesCompressed = deflate !== undefined && isShareable(deflate);
    this.#threshold = this.takesCompressed ? deflate!._threshold : 0;
    if (answer && socket.writableLength === 0) this.#writeStraight();
    // The turn's end comes with the answer to the upgrade, also when nothing else is sent.
    host.turn.toOne(this, answer ?? NO_FRAME);
  }

  override get congested(): boolean {
    return this.#congested;
  }

  /** Takes the place of the one in ws, which frames, compresses and writes each message by itself. */
  override send(data: string | Uint8Array, { compress }: SendOptions, sent?: Sent): void {
    const frame = new MessageFrame(data);
    if (compress && this.takesCompressed && frame.bytes >= this.#threshold) frame.compress(deflateMessage);
    this.#host.turn.toOne(this, frame);
    this.#sent(sent);
  }

  /** Frames that were made elsewhere: ws's own for control, those of Socket.IO's adapter for a broadcast. */
  override sendFrame(list: readonly (Buffer | string)[], sent?: Sent): void {
    if (((list[0] as Buffer)[0]! & OPCODE) === CLOSE) this.#close(list, sent);
    else {
      this.#host.turn.toOne(this, new ReadyFrame(list));
      this.#sent(sent);
    }
  }

  write(bytes: Buffer): void {
    const handle = this.#handle;
    if (!handle || !hasStill(this._socket, handle)) {
      this.#writeStream(bytes);
      return;
    }
    const taken = writeStraight(this.#fd, bytes);
    this.#host.straightBytes += taken;
    if (taken < bytes.length) this.#writeStream(bytes.subarray(taken));
  }

  #writeStream(bytes: Buffer): void {
    this.#handle = undefined;
    const socket = this._socket;
    if (this.#closed || !socket.writable) return;
    if (bytes.length > 0) socket.write(bytes);
    // Corked since its upgrade was answered.
    if (socket.writableCorked > 0) socket.uncork();
    const waiting = socket.writableLength;
    if (waiting === 0) {
      this.#writeStraight();
      return;
    }
    this.#host.onWaiting(this);
    if (!this.#congested && waiting > CONGESTED_BYTES) this.#congest(socket);
  }

  /** From now on, while the stream is empty. */
  #writeStraight(): void {
    this.#handle = handleOf(this._socket);
    this.#fd = this.#handle?.fd ?? -1;
  }

  /** Nothing may come behind it, and ws ends the connection once it is sent. */
  #close(list: readonly (Buffer | string)[], sent?: Sent): void {
    this.#host.turn.flush();
    this.#closed = true;
    this.#handle = undefined;
    super.sendFrame(list, sent);
  }

  #sent(sent: Sent | undefined): void {
    if (!sent) return;
    if (this.#congested) this.#held.push(sent);
    else sent();
  }

  #congest(socket: TcpSocket): void {
    this.#congested = true;
    this.#held = [];
    this.#host.onCongestion(this);
    socket.once('drain', () => {
      this.#congested = false;
      const held = this.#held;
      this.#held = NONE_HELD;
      for (const sent of held) sent();
      this.#host.onCongestion(this);
    });
  }
}

Object.assign(TurnSender.prototype, EMPTY_SENDER);

/** Whether what is compressed once fits this connection: with no context of its own and the usual window. */
function isShareable({ params }: WsDeflate): boolean {
  return params.server_no_context_takeover === true && (params.server_max_window_bits ?? WINDOW_BITS) === WINDOW_BITS;
}
