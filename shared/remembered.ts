/** Characters of the longest key that is remembered, unless it is said otherwise. */
const LONGEST_KEY = 256;

/** Values that are made once for equal keys. What is known is bounded: when it is full, it begins anew. */
export class Remembered<T extends NonNullable<unknown>> {
  readonly #known = new Map<string, T>();

  /** `most`: keys that are known at once; `longest`: characters of the longest of them. */
  constructor(
    private readonly most: number,
    private readonly longest = LONGEST_KEY,
  ) {}

  get(key: string, make: (key: string) => T): T {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = make(key);
    if (key.length > this.longest) return made;
    if (this.#known.size >= this.most) this.#known.clear();
    this.#known.set(key, made);
    return made;
  }
}
