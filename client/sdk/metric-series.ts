import type { Frame, MetricSnapshot } from '../../shared/protocol.js';
import type { NamedFrame, SeriesValue } from './api.js';

/** Most series that one room's dictionary holds; the rest is left out. */
const SERIES_MAX = 100_000;

/** The dictionary of one metric subscription, and the newest value of each series. */
export class MetricSeries {
  readonly latest = new Map<string, SeriesValue>();
  #names = new Map<number, string>();

  /** Puts a snapshot in the place of all that was known. */
  replace(snapshot: MetricSnapshot): { names: readonly string[]; backfill: readonly NamedFrame[] } {
    this.#names = new Map(snapshot.names.slice(0, SERIES_MAX).map((name, number) => [number, name]));
    this.latest.clear();
    const { series, t, values } = snapshot.latest;
    series.forEach((number, i) => {
      this.#set(number, t[i], values[i]);
    });
    return { names: [...this.#names.values()], backfill: snapshot.backfill.map((row) => this.#named(row).frame) };
  }

  /** @returns the frame by names; `complete` is false when it has series that were never named */
  apply(frame: Frame): { frame: NamedFrame; complete: boolean } {
    for (const [key, name] of Object.entries(frame.names ?? {})) {
      const number = Number(key);
      if (this.#names.has(number) || this.#names.size < SERIES_MAX) this.#names.set(number, name);
    }
    const named = this.#named(frame);
    const { names, values, ago } = named.frame;
    names.forEach((name, i) => {
      this.latest.set(name, { t: frame.t - (ago?.[i] ?? 0), value: values[i]! });
    });
    return named;
  }

  #named({ t, series, values, ago }: Pick<Frame, 't' | 'series' | 'values' | 'ago'>): { frame: NamedFrame; complete: boolean } {
    const frame: NamedFrame = ago ? { t, names: [], values: [], ago: [] } : { t, names: [], values: [] };
    series.forEach((number, i) => {
      const name = this.#names.get(number);
      const value = values[i];
      if (name === undefined || value === undefined) return;
      frame.names.push(name);
      frame.values.push(value);
      frame.ago?.push(ago?.[i] ?? 0);
    });
    return { frame, complete: frame.names.length === series.length || this.#names.size >= SERIES_MAX };
  }

  #set(number: number, t: number | undefined, value: number | undefined): void {
    const name = this.#names.get(number);
    if (name !== undefined && t !== undefined && value !== undefined) this.latest.set(name, { t, value });
  }
}
