/** Bits of one filter, a power of 2: 2 MB. With a million ids in it, one new id in 200 is taken for a known one. */
const BITS = 2 ** 24;
const HASHES = 3;

/**
 * A Bloom filter of the ids that rooms have had: what it does not have was never added; what it has may have been. It never grows; past some
 * millions of ids it just tells less.
 */
export class IdFilter {
  readonly #words = new Uint32Array(BITS / 32);

  add(room: number, id: string): void {
    const words = this.#words;
    let hash = idHash(id, room);
    const step = idHash(id, ~room) | 1;
    for (let i = 0; i < HASHES; i++, hash += step) words[(hash >>> 5) & (BITS / 32 - 1)]! |= 1 << (hash & 31);
  }

  mayHave(room: number, id: string): boolean {
    const words = this.#words;
    let hash = idHash(id, room);
    const step = idHash(id, ~room) | 1;
    for (let i = 0; i < HASHES; i++, hash += step) {
      if ((words[(hash >>> 5) & (BITS / 32 - 1)]! & (1 << (hash & 31))) === 0) return false;
    }
    return true;
  }
}

/** FNV-1a over UTF-16 units, its bits mixed at the end as in MurmurHash3. */
export function idHash(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
