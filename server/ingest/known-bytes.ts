import { RecentMap } from './recent-map.js';

interface Known<Value> {
  readonly bytes: Uint8Array;
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

  /** The value of the bytes in `view` from `from` up to `to`. */
  get(bytes: Uint8Array, from: number, to: number): Value | undefined {
    const guess = this.#last?.next;
    if (guess && sameBytes(guess.bytes, bytes, from, to)) return this.#follow(guess).value;
    const found = this.#known.get(hashOf(bytes, from, to));
    return found && sameBytes(found.bytes, bytes, from, to) ? this.#follow(found).value : undefined;
  }

  /** Takes the place of other bytes with the same hash. @param valueBytes what the value itself takes */
  set(bytes: Uint8Array, from: number, to: number, value: Value, valueBytes: number): void {
    const known = { bytes: Uint8Array.prototype.slice.call(bytes, from, to), value, next: undefined };
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
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return (hash ^ (hash >>> 16)) & 0x3fffffff;
}

function sameBytes(known: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (known.length !== to - from) return false;
  // From the end: series of one metric differ there, if anywhere.
  for (let at = known.length - 1; at >= 0; at--) if (known[at] !== bytes[from + at]) return false;
  return true;
}
