/** The latest value of each series within one interval of sample time. */
export interface SampleRow<Key> {
  /** The newest sample's time in milliseconds since 1970. */
  readonly t: number;
  readonly keys: Key[];
  readonly values: number[];
  readonly times: number[];
}

interface GrowingRow<Key> extends SampleRow<Key> {
  t: number;
  readonly index: Map<Key, number>;
}

/**
 * The samples received during one interval, as rows of one interval of sample time each: a sample that comes late or out of
 * order has a row of its own time, and neither hides a newer value nor is hidden by one.
 */
export class SampleWindow<Key extends string | number> {
  readonly #rows = new Map<number, GrowingRow<Key>>();
  #origin: number | undefined;
  #points = 0;

  constructor(private readonly intervalMs: number) {}

  /** Values held. */
  get points(): number {
    return this.#points;
  }

  add(key: Key, value: number, t: number): void {
    this.#origin ??= t;
    const row = this.#rowAt(Math.floor((t - this.#origin) / this.intervalMs), t);
    row.t = Math.max(row.t, t);
    const at = row.index.get(key);
    if (at === undefined) {
      row.index.set(key, row.keys.length);
      row.keys.push(key);
      row.times.push(t);
      row.values.push(value);
      this.#points++;
    } else if (t >= (row.times[at] ?? t)) {
      row.times[at] = t;
      row.values[at] = value;
    }
  }

  /** Oldest first. */
  rows(): SampleRow<Key>[] {
    return [...this.#rows].sort(([a], [b]) => a - b).map(([, row]) => row);
  }

  #rowAt(interval: number, t: number): GrowingRow<Key> {
    let row = this.#rows.get(interval);
    if (!row) {
      row = { t, index: new Map(), keys: [], times: [], values: [] };
      this.#rows.set(interval, row);
    }
    return row;
  }
}
