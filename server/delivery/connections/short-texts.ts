import { isUtf8 } from 'node:buffer';

/** The bytes of a text decoded by `latin1Slice` and `utf8Slice`, which Node's types leave out. */
type Decoding = Buffer & Record<'latin1Slice' | 'utf8Slice', (start: number, end: number) => string>;

/** First byte of a whole message of text that is not compressed (RFC 6455, 5.2). */
const WHOLE_TEXT = 0x81;
const MASKED = 0x80;
/** The length that stands for one in the next two bytes; the one above it for one in eight. */
const LONGER = 126;
const MASK_BYTES = 4;
/** Longest text that is read here. */
const SHORT_BYTES = 16 * 1024;
const ASCII = 0x80;

const unmasked = Buffer.allocUnsafeSlow(SHORT_BYTES) as Decoding;

/**
 * Reads whole texts of a client's from the start of what came in, and gives each to `hear`, in the turn: the usual case, for which a
 * receiver of ws makes half a dozen objects. Gives the bytes that were read; at anything else it ends, and ws reads on from there.
 * @param maxBytes of one message; 0: as many as there are
 */
export function readShortTexts(bytes: Buffer, maxBytes: number, hear: (text: string) => void): number {
  let at = 0;
  while (at < bytes.length) {
    const length = lengthAt(bytes, at, maxBytes);
    const start = at + headBytes(bytes, at);
    const text = length >= 0 && start + length <= bytes.length ? textOf(bytes, start, length) : undefined;
    if (text === undefined) break;
    at = start + length;
    hear(text);
  }
  return at;
}

/** Whether bytes are the first ones of a text that is read here, and not all of it. */
export function isShortTextBegun(bytes: Buffer, maxBytes: number): boolean {
  if (bytes.length < headBytes(bytes, 0)) return bytes[0] === WHOLE_TEXT && (bytes.length < 2 || isShort(bytes[1]!));
  const length = lengthAt(bytes, 0, maxBytes);
  return length >= 0 && headBytes(bytes, 0) + length > bytes.length;
}

const isShort = (second: number) => second >= MASKED && second <= (MASKED | LONGER);
const headBytes = (bytes: Buffer, at: number) => 2 + (bytes[at + 1] === (MASKED | LONGER) ? 2 : 0) + MASK_BYTES;

/** Bytes of the text whose frame begins there; -1: it is none that is read here, or its head is not all there. */
function lengthAt(bytes: Buffer, at: number, maxBytes: number): number {
  const second = bytes[at + 1];
  if (bytes[at] !== WHOLE_TEXT || second === undefined || !isShort(second) || at + headBytes(bytes, at) > bytes.length) return -1;
  const length = second === (MASKED | LONGER) ? bytes.readUInt16BE(at + 2) : second - MASKED;
  return length > SHORT_BYTES || (maxBytes > 0 && length > maxBytes) ? -1 : length;
}

/** Undefined where it is not UTF-8. */
function textOf(bytes: Buffer, start: number, length: number): string | undefined {
  let seen = 0;
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i]! ^ bytes[start - MASK_BYTES + (i & 3)]!;
    unmasked[i] = byte;
    seen |= byte;
  }
  if (seen < ASCII) return unmasked.latin1Slice(0, length);
  return isUtf8(unmasked.subarray(0, length)) ? unmasked.utf8Slice(0, length) : undefined;
}
