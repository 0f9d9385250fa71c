/** As a Map that nearly always has at most one entry: it becomes a Map, 0.2 KiB even when empty, with the second. */
export class OneMap<K, V> {
  #key: K | undefined;
  #value: V | undefined;
  /** A key's place is taken; keys may be `undefined` too. */
  #has = false;
  #map: Map<K, V> | undefined;

  static from<K, V>(entries: Iterable<readonly [K, V]>): OneMap<K, V> {
    const map = new OneMap<K, V>();
    for (const [key, value] of entries) map.set(key, value);
    return map;
  }

  get size(): number {
    return this.#map?.size ?? Number(this.#has);
  }

  has(key: K): boolean {
    return this.#map ? this.#map.has(key) : this.#has && this.#key === key;
  }

  get(key: K): V | undefined {
    if (this.#map) return this.#map.get(key);
    return this.#has && this.#key === key ? this.#value : undefined;
  }

  set(key: K, value: V): this {
    if (this.#map) this.#map.set(key, value);
    else if (!this.#has || this.#key === key) this.#put(key, value, true);
    else {
      this.#map = new Map([[this.#key as K, this.#value as V]]).set(key, value);
      this.#put(undefined, undefined, false);
    }
    return this;
  }

  delete(key: K): boolean {
    if (!this.has(key)) return false;
    if (this.#map) this.#map.delete(key);
    else this.#put(undefined, undefined, false);
    if (this.#map?.size === 0) this.#map = undefined;
    return true;
  }

  clear(): void {
    this.#map = undefined;
    this.#put(undefined, undefined, false);
  }

  *entries(): IterableIterator<[K, V]> {
    if (this.#map) yield* this.#map.entries();
    else if (this.#has) yield [this.#key as K, this.#value as V];
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

  #put(key: K | undefined, value: V | undefined, has: boolean): void {
    this.#key = key;
    this.#value = value;
    this.#has = has;
  }
}
