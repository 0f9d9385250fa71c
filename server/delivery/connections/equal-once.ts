import { LRUCache } from 'lru-cache';

/** Different values that are remembered: browsers and versions, origins and paths. */
const REMEMBERED = 1_000;

/** Gives the same frozen object for equal plain ones: what thousands of clients send alike is kept once. */
export class EqualOnce {
  readonly #known = new LRUCache<string, object>({ max: REMEMBERED });

  of<T extends object>(value: T): Readonly<T> {
    const key = JSON.stringify(value);
    const known = this.#known.get(key) as T | undefined;
    if (known) return known;
    this.#known.set(key, Object.freeze(value));
    return value;
  }
}
