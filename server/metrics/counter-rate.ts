/** What one counter rises by in a second, from each of its values to the next. */
export class CounterRate {
  #last: { readonly t: number; readonly value: number } | undefined;

  /**
   * @param t milliseconds since 1970
   * @returns undefined for the first value, for one that is not newer, and for one that went back (the counter began anew)
   */
  next(t: number, value: number): number | undefined {
    const last = this.#last;
    if (last && t <= last.t) return undefined;
    this.#last = { t, value };
    if (!last || value < last.value) return undefined;
    return ((value - last.value) * 1_000) / (t - last.t);
  }
}
