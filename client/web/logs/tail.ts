/** The newest items of a list that grows at its end: appending and letting go cost the same however many there are. */
export class Tail<Item> {
  #items: Item[] = [];
  #start = 0;

  /** @param most items held */
  constructor(readonly most: number) {}

  get length(): number {
    return this.#items.length - this.#start;
  }

  /** The item at an index, 0 being the oldest; undefined where there is none. */
  at(index: number): Item | undefined {
    return index < 0 ? undefined : this.#items[this.#start + index];
  }

  slice(first: number, end: number): Item[] {
    return this.#items.slice(this.#start + Math.max(0, first), this.#start + Math.max(0, end));
  }

  push(item: Item): void {
    this.#items.push(item);
    if (this.length > this.most) this.drop(1);
  }

  /** Puts items before the oldest one, as far as there is room. */
  unshift(items: readonly Item[]): void {
    const room = Math.max(0, this.most - this.length);
    this.#items = [...items.slice(Math.max(0, items.length - room)), ...this.#items.slice(this.#start)];
    this.#start = 0;
  }

  /** Lets the oldest ones go. */
  drop(count: number): void {
    this.#start += count;
    // A part at a time, so that a full list is not moved with each item.
    if (this.#start * 4 > this.most) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
  }

  /** Index of the first item that is not before what `isBefore` tells; items are in that order. */
  firstNot(isBefore: (item: Item) => boolean): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.at(middle)!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
