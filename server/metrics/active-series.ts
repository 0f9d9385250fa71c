/**
 * The series that a room had lately from one sender, counted: in two generations, so that one which stopped is forgotten after one to two
 * `idleMs` without a timer or a walk.
 */
export class ActiveSeries {
  #current = new Set<string>();
  #previous = new Set<string>();

  constructor(private turnedAt: number) {}

  get size(): number {
    return this.#current.size + this.#previous.size;
  }

  has(series: string): boolean {
    if (this.#current.has(series)) return true;
    if (!this.#previous.delete(series)) return false;
    this.#current.add(series);
    return true;
  }

  add(series: string): void {
    this.#current.add(series);
  }

  /** False: it was not there. */
  delete(series: string): boolean {
    return this.#current.delete(series) || this.#previous.delete(series);
  }

  /** Forgets what was not seen for `idleMs`. */
  age(now: number, idleMs: number): void {
    const turns = Math.floor((now - this.turnedAt) / idleMs);
    if (turns < 1) return;
    this.#previous = turns === 1 ? this.#current : new Set();
    this.#current = new Set();
    this.turnedAt = now;
  }
}
