/** Bits of one filter, a power of 2: 2 MB. With a million ids in it, one new id in 200 is taken for a known one. */
const BITS = 2 ** 24;
const HASHES = 3;

/**
 * A Bloom filter of the ids that rooms have had: what it does not have was never added; what it has may have been. It never grows; past some
 * millions of ids it just tells less.
 */
export class IdFilter {
  readonly #words = new Uint32Array(BITS / 32);

  /** @param hash as `idHash` gives it */
  add(hash: number): void {
    const words = this.#words;
    const step = stepOf(hash);
    for (let i = 0, at = hash; i < HASHES; i++, at += step) words[(at >>> 5) & (BITS / 32 - 1)]! |= 1 << (at & 31);
  }

  mayHave(hash: number): boolean {
    const words = this.#words;
    const step = stepOf(hash);
    for (let i = 0, at = hash; i < HASHES; i++, at += step) {
      if ((words[(at >>> 5) & (BITS / 32 - 1)]! & (1 << (at & 31))) === 0) return false;
    }
    return true;
  }
}

/** Odd, and unlike the hash: two that fall on one bit part with the next. */
const stepOf = (hash: number): number => Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) | 1;

/** Of an id in a room: FNV-1a over UTF-16 units, its bits mixed at the end as in MurmurHash3. */
export function idHash(room: number, id: string): number {
  let hash = 0x811c9dc5 ^ room;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
