/** A key that nobody else has. */
const NONE = Symbol('none');

/** As a Map that nearly always has at most one entry: it becomes a Map, 0.2 KiB even when empty, with the second. */
export class OneMap<K, V> {
  /** Or `NONE`: keys may be `undefined` too. */
  #key: K | typeof NONE = NONE;
  #value: V | undefined;
  #map: Map<K, V> | undefined;

  static from<K, V>(entries: Iterable<readonly [K, V]>): OneMap<K, V> {
    const map = new OneMap<K, V>();
    for (const [key, value] of entries) map.set(key, value);
    return map;
  }

  get size(): number {
    return this.#map?.size ?? Number(this.#key !== NONE);
  }

  has(key: K): boolean {
    return this.#map ? this.#map.has(key) : this.#key === key;
  }

  get(key: K): V | undefined {
    if (this.#map) return this.#map.get(key);
    return this.#key === key ? this.#value : undefined;
  }

  set(key: K, value: V): this {
    if (this.#map) this.#map.set(key, value);
    else if (this.#key === NONE || this.#key === key) {
      this.#key = key;
      this.#value = value;
    } else {
      const first: [K, V] = [this.#key, this.#value as V];
      this.clear();
      this.#map = new Map([first]).set(key, value);
    }
    return this;
  }

  delete(key: K): boolean {
    if (!this.has(key)) return false;
    this.#map?.delete(key);
    if (!this.#map || this.#map.size === 0) this.clear();
    return true;
  }

  clear(): void {
    this.#map = undefined;
    this.#key = NONE;
    this.#value = undefined;
  }

  *entries(): IterableIterator<[K, V]> {
    if (this.#map) yield* this.#map.entries();
    else if (this.#key !== NONE) yield [this.#key, this.#value as V];
  }

  *keys(): IterableIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): IterableIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  forEach(visit: (value: V, key: K, map: this) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this);
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.entries();
  }
}
