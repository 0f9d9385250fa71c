import { RecentMap } from './recent-map.js';

interface Known<Value> {
  readonly bytes: DataView;
  readonly value: Value;
  /** What came after it the last time: most likely it does again. */
  next: Known<Value> | undefined;
}

/** What an entry takes beside its bytes and its value's texts, roughly. */
const ENTRY_BYTES = 256;

/** Values by the bytes that they were read from, so that the same bytes need not be read again. Bounded. */
export class KnownBytes<Value> {
  readonly #known: RecentMap<number, Known<Value>>;
  #last: Known<Value> | undefined;

  /** @param maxBytes of memory, roughly */
  constructor(maxBytes: number) {
    this.#known = new RecentMap(maxBytes);
  }

  /** The value of the bytes from `from` up to `to`. */
  get(bytes: DataView, from: number, to: number): Value | undefined {
    const guess = this.#last?.next;
    if (guess && sameBytes(guess.bytes, bytes, from, to)) return this.#follow(guess).value;
    const found = this.#known.get(hashOf(bytes, from, to));
    return found && sameBytes(found.bytes, bytes, from, to) ? this.#follow(found).value : undefined;
  }

  /** Takes the place of other bytes with the same hash. @param valueBytes what the value itself takes */
  set(bytes: DataView, from: number, to: number, value: Value, valueBytes: number): void {
    // Short ones share the memory of Node's pool: a buffer of its own would take more than they do.
    const { buffer, byteOffset, length } = Buffer.from(new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from));
    const known = { bytes: new DataView(buffer, byteOffset, length), value, next: undefined };
    this.#known.set(hashOf(bytes, from, to), known, to - from + valueBytes + ENTRY_BYTES);
    this.#follow(known);
  }

  #follow(known: Known<Value>): Known<Value> {
    if (this.#last) this.#last.next = known;
    this.#last = known;
    return known;
  }
}

/** FNV-1a, in the 30 bits of V8's small integers. */
function hashOf(bytes: DataView, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes.getUint8(at), 0x01000193);
  return (hash ^ (hash >>> 16)) & 0x3fffffff;
}

/** Four at a time, from the end: series of one metric differ there, if anywhere. */
function sameBytes(known: DataView, bytes: DataView, from: number, to: number): boolean {
  let at = known.byteLength;
  if (at !== to - from) return false;
  for (at -= 4; at >= 0; at -= 4) if (known.getInt32(at) !== bytes.getInt32(from + at)) return false;
  for (at += 3; at >= 0; at--) if (known.getUint8(at) !== bytes.getUint8(from + at)) return false;
  return true;
}
