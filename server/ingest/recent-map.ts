/**
 * What was looked up lately, within a bound: in two generations, so that a hit costs one look into a map and no list is kept in order.
 * Past half of the bound the older generation goes at once.
 */
export class RecentMap<Key, Value> {
  #current = new Map<Key, Value>();
  #previous = new Map<Key, Value>();
  #weight = 0;

  /** @param maxWeight of all entries, in whatever unit `set` is told */
  constructor(private readonly maxWeight: number) {}

  get size(): number {
    return this.#current.size + this.#previous.size;
  }

  get(key: Key): Value | undefined {
    return this.#current.get(key) ?? this.#previous.get(key);
  }

  set(key: Key, value: Value, weight: number): void {
    this.grow(weight);
    this.#current.set(key, value);
  }

  /** Some entry that was set weighs so much more now. One that grows without end goes too, and is free again. */
  grow(weight: number): void {
    if (this.#weight + weight > this.maxWeight / 2) {
      this.#previous = this.#current;
      this.#current = new Map();
      this.#weight = 0;
    }
    this.#weight += weight;
  }
}
