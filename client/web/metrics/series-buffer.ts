/** The recent values of one series, ascending in time. */
export interface Points {
  /** Milliseconds since 1970. */
  readonly t: readonly number[];
  readonly v: readonly number[];
}

export const NO_POINTS: Points = { t: [], v: [] };

/** Values of one series over the last `keepMs`, and of those at most `keepPoints`. */
export class SeriesBuffer implements Points {
  readonly t: number[] = [];
  readonly v: number[] = [];

  constructor(
    private readonly keepMs: number,
    private readonly keepPoints: number,
  ) {}

  /** Puts a value in its place in time; a second value of one moment replaces the first. */
  put(t: number, value: number): void {
    const at = insertionPoint(this.t, t);
    if (this.t[at] === t) this.v[at] = value;
    else {
      this.t.splice(at, 0, t);
      this.v.splice(at, 0, value);
    }
    this.#forget();
  }

  /** A tenth at a time, so that a full buffer is not moved with each value. */
  #forget(): void {
    const slack = Math.ceil(this.keepPoints / 10);
    const newest = this.t.at(-1)!;
    const aged = insertionPoint(this.t, newest - this.keepMs);
    const excess = Math.max(aged, this.t.length - this.keepPoints);
    if (excess < slack) return;
    this.t.splice(0, excess);
    this.v.splice(0, excess);
  }
}

/** Index of the first time that is not before `t`. New values come at the end mostly, so that is looked at first. */
export function insertionPoint(times: readonly number[], t: number): number {
  let low = 0;
  let high = times.length;
  if (high === 0 || times[high - 1]! < t) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < t) low = middle + 1;
    else high = middle;
  }
  return low;
}
