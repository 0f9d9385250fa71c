/** Where a message stands that was appended under an id. */
export interface IdPlace {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** The ids of one room, in the order of their seqs, which come without holes: an object for each would weigh more than the id. */
export class TimedIds {
  readonly #seqs = new Map<string, number>();
  /** Of the ids from the seq `#first` on; those before the index `#start` are forgotten. */
  #times: number[] = [];
  #first = 0;
  #start = 0;

  get size(): number {
    return this.#seqs.size;
  }

  has(id: string): boolean {
    return this.#seqs.has(id);
  }

  find(id: string): IdPlace | undefined {
    const seq = this.#seqs.get(id);
    return seq === undefined ? undefined : { seq, time: this.#timeOf(seq) };
  }

  /** Times do not fall. */
  add(id: string, seq: number, time: number): void {
    if (this.#times.length === 0) this.#first = seq;
    this.#seqs.set(id, seq);
    this.#times.push(time);
  }

  /** Takes the newest ones away again. */
  removeNewest(ids: readonly string[]): void {
    for (const id of ids) this.#seqs.delete(id);
    this.#times.length -= ids.length;
  }

  /** Forgets those that are older than a time. */
  removeBefore(time: number): void {
    if (!this.#startsBefore(time)) return;
    for (const id of this.#seqs.keys()) {
      this.#seqs.delete(id);
      this.#start++;
      if (!this.#startsBefore(time)) break;
    }
    // By half, so that not every id moves all others.
    if (this.#start * 2 < this.#times.length) return;
    this.#times = this.#times.slice(this.#start);
    this.#first += this.#start;
    this.#start = 0;
  }

  /** The oldest first. */
  forEach(visit: (id: string, seq: number, time: number) => void): void {
    this.#seqs.forEach((seq, id) => {
      visit(id, seq, this.#timeOf(seq));
    });
  }

  #startsBefore(time: number): boolean {
    return (this.#times[this.#start] ?? Number.POSITIVE_INFINITY) < time;
  }

  #timeOf(seq: number): number {
    return this.#times[seq - this.#first]!;
  }
}
