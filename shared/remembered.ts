/** Characters of the longest key that is remembered. */
const LONGEST_KEY = 256;

/** Values that are made once for equal keys. What is known is bounded: when it is full, it begins anew. */
export class Remembered<T extends NonNullable<unknown>> {
  readonly #known = new Map<string, T>();

  /** `most`: keys that are known at once. */
  constructor(private readonly most: number) {}

  get(key: string, make: () => T): T {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = make();
    if (key.length > LONGEST_KEY) return made;
    if (this.#known.size >= this.most) this.#known.clear();
    this.#known.set(key, made);
    return made;
  }
}
