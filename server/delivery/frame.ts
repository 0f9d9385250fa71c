import type { Deflated } from './deflate.js';

const TEXT = 1;
const BINARY = 2;
const FIN = 0x80;
/** RSV1 of the first frame says that the message is compressed (RFC 7692, 6). */
const COMPRESSED = 0x40;

/** What goes over a WebSocket in one piece. */
export interface Frame {
  /** The compression that is still under way. */
  readonly pending: Promise<unknown> | undefined;
  /** Bytes on the wire, header included. */
  size(compressed: boolean): number;
  /** Puts it at an offset; gives the offset behind it. */
  write(target: Buffer, at: number, compressed: boolean): number;
}

/** A message to clients, made once and shared by all who get it. */
export class MessageFrame implements Frame {
  readonly #bytes: number;
  #deflated: Deflated | undefined;

  constructor(private readonly payload: string | Uint8Array) {
    this.#bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.byteLength;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Lets clients that take it have the compressed form, once it is ready. */
  compress(deflate: (payload: string | Uint8Array) => Deflated): void {
    this.#deflated ??= deflate(this.payload);
  }

  get pending(): Promise<unknown> | undefined {
    return this.#deflated?.pending;
  }

  size(compressed: boolean): number {
    const length = this.#form(compressed)?.byteLength ?? this.#bytes;
    return headerBytes(length) + length;
  }

  write(target: Buffer, at: number, compressed: boolean): number {
    const deflated = this.#form(compressed);
    const length = deflated?.byteLength ?? this.#bytes;
    const opcode = typeof this.payload === 'string' ? TEXT : BINARY;
    const start = writeHeader(target, at, FIN | opcode | (deflated ? COMPRESSED : 0), length);
    if (deflated) target.set(deflated, start);
    // Most text is ASCII, which is copied as it is.
    else if (typeof this.payload === 'string') target.write(this.payload, start, this.#bytes === this.payload.length ? 'latin1' : 'utf8');
    else target.set(this.payload, start);
    return start + length;
  }

  #form(compressed: boolean): Uint8Array | undefined {
    return compressed ? this.#deflated?.bytes : undefined;
  }
}

/** A frame that somebody else has made, in parts. */
export class ReadyFrame implements Frame {
  readonly pending = undefined;

  constructor(private readonly parts: readonly (Buffer | string)[]) {}

  size(): number {
    return this.parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0);
  }

  write(target: Buffer, at: number): number {
    return this.parts.reduce((end, part) => end + (typeof part === 'string' ? target.write(part, end) : part.copy(target, end)), at);
  }
}

/** Frames one behind the other, in one buffer. */
export function join(frames: readonly Frame[], compressed: boolean): Buffer {
  const total = frames.reduce((sum, frame) => sum + frame.size(compressed), 0);
  const joined = Buffer.allocUnsafe(total);
  frames.reduce((at, frame) => frame.write(joined, at, compressed), 0);
  return joined;
}

function headerBytes(length: number): number {
  if (length < 126) return 2;
  return length < 65_536 ? 4 : 10;
}

/** A server's frame: not masked (RFC 6455, 5.2). */
function writeHeader(target: Buffer, at: number, first: number, length: number): number {
  target[at] = first;
  if (length < 126) target[at + 1] = length;
  else if (length < 65_536) {
    target[at + 1] = 126;
    target.writeUInt16BE(length, at + 2);
  } else {
    target[at + 1] = 127;
    target.writeBigUInt64BE(BigInt(length), at + 2);
  }
  return at + headerBytes(length);
}
