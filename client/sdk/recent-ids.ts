import { BOUNDS } from '../../shared/limits.js';

/** The ids of the newest messages of a room: two of the largest pages. */
export class RecentIds {
  readonly #ids = new Set<string>();

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string): void {
    this.#ids.delete(id);
    this.#ids.add(id);
    if (this.#ids.size <= 2 * BOUNDS.pageMessages) return;
    const { value } = this.#ids.values().next();
    if (value !== undefined) this.#ids.delete(value);
  }
}
