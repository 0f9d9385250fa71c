export interface SeriesDictionaryOptions {
  /** Series with a number at a time. */
  readonly series: number;
  /** Characters of all their names. */
  readonly chars: number;
  /** Time without a sample after which a number may go to another series, when all are taken. */
  readonly idleMs: number;
  readonly onForget: (number: number) => void;
}

/** Time between two searches for idle numbers. */
const SEARCH_MS = 10_000;

/** Numbers for the series of one room, in order of appearance; they stay until room for another series is needed. */
export class SeriesDictionary {
  /** By number; an empty name is a number that no series has. */
  readonly names: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #seenAt: number[] = [];
  readonly #free: number[] = [];
  #chars = 0;
  #searchedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: SeriesDictionaryOptions) {}

  /** Series that have a number. */
  get size(): number {
    return this.#numbers.size;
  }

  /** The number of a series that has one. */
  known(name: string, now: number): number | undefined {
    const number = this.#numbers.get(name);
    if (number !== undefined) this.#seenAt[number] = now;
    return number;
  }

  /** A number for a series that has none; undefined when there is room for no further one. */
  introduce(name: string, now: number): number | undefined {
    if (!this.#fits(name)) this.#forgetIdle(now);
    if (!this.#fits(name)) return undefined;
    const number = this.#free.pop() ?? this.names.length;
    this.names[number] = name;
    this.#numbers.set(name, number);
    this.#seenAt[number] = now;
    this.#chars += name.length;
    return number;
  }

  #fits(name: string): boolean {
    return this.#numbers.size < this.options.series && this.#chars + name.length <= this.options.chars;
  }

  #forgetIdle(now: number): void {
    if (now - this.#searchedAt < SEARCH_MS) return;
    this.#searchedAt = now;
    for (const [name, number] of this.#numbers) {
      if (now - (this.#seenAt[number] ?? now) < this.options.idleMs) continue;
      this.#numbers.delete(name);
      this.#chars -= name.length;
      this.names[number] = '';
      this.#free.push(number);
      this.options.onForget(number);
    }
  }
}
