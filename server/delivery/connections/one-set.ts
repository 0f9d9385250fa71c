/** What no member is. */
const NONE = Symbol('none');

/** As a Set that nearly always has at most one member: it keeps a Set, 0.2 KiB even when empty, from the second on. */
export class OneSet<T> {
  #one: T | typeof NONE = NONE;
  #set: Set<T> | undefined;

  constructor(members: Iterable<T> = []) {
    for (const member of members) this.add(member);
  }

  get size(): number {
    return this.#set?.size ?? Number(this.#one !== NONE);
  }

  has(member: T): boolean {
    return this.#set ? this.#set.has(member) : this.#one === member;
  }

  add(member: T): this {
    if (this.#set) this.#set.add(member);
    else if (this.#one === NONE) this.#one = member;
    else if (this.#one !== member) {
      this.#set = new Set([this.#one, member]);
      this.#one = NONE;
    }
    return this;
  }

  delete(member: T): boolean {
    if (!this.has(member)) return false;
    this.#set?.delete(member);
    if (!this.#set || this.#set.size === 0) this.clear();
    return true;
  }

  clear(): void {
    this.#set = undefined;
    this.#one = NONE;
  }

  *values(): IterableIterator<T> {
    if (this.#set) yield* this.#set;
    else if (this.#one !== NONE) yield this.#one;
  }

  keys(): IterableIterator<T> {
    return this.values();
  }

  *entries(): IterableIterator<[T, T]> {
    for (const member of this.values()) yield [member, member];
  }

  forEach(visit: (member: T, same: T, set: this) => void): void {
    for (const member of this.values()) visit(member, member, this);
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.values();
  }
}
