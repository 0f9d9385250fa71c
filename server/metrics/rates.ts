/** What counters rose by in a second, from one look to the next. */
export class Rates {
  #before: { at: number; counters: ReadonlyMap<string, number> } | undefined;

  /** Nothing for a counter's first look, nor for one that was set back (its source began anew). */
  next(counters: ReadonlyMap<string, number>, at: number): [string, number][] {
    const before = this.#before;
    this.#before = { at, counters };
    if (!before || at <= before.at) return [];
    return [...counters].flatMap(([series, count]): [string, number][] => {
      const rise = count - (before.counters.get(series) ?? Number.NaN);
      return rise >= 0 ? [[series, (rise * 1_000) / (at - before.at)]] : [];
    });
  }
}
