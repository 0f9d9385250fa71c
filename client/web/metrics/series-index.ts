import type { SeriesParts } from '../../../shared/series-name.js';
import { partsOf } from '../../../shared/series-pattern.js';

export interface KnownSeries {
  /** The series' canonical text. */
  readonly name: string;
  readonly parts: SeriesParts;
}

/** Which of a room's series the reader wants to see. */
export interface SeriesChoice {
  /** The value that a series must have of a label, where it has the label. */
  readonly labels: Readonly<Record<string, string>>;
  /** What the metric's name must contain, in lower case. */
  readonly name: string;
}

export const EVERYTHING: SeriesChoice = { labels: {}, name: '' };

/** The series of a room, by metric and by label. */
export class SeriesIndex {
  readonly byMetric = new Map<string, KnownSeries[]>();
  readonly metrics: ReadonlySet<string>;

  constructor(names: readonly string[], choice: SeriesChoice = EVERYTHING) {
    const wanted = Object.entries(choice.labels);
    for (const name of names) {
      const parts = partsOf(name);
      if (!parts.name.toLowerCase().includes(choice.name)) continue;
      if (!wanted.every(([label, value]) => (parts.labels[label] ?? value) === value)) continue;
      const same = this.byMetric.get(parts.name);
      if (same) same.push({ name, parts });
      else this.byMetric.set(parts.name, [{ name, parts }]);
    }
    this.metrics = new Set(this.byMetric.keys());
  }

  /** The series of every metric, in order of arrival within each. */
  all(): KnownSeries[] {
    return [...this.byMetric.values()].flat();
  }

  /** Labels that have several values, and these, sorted; labels with more than `most` values are left out. */
  labels(most: number): Map<string, string[]> {
    const values = new Map<string, Set<string>>();
    for (const { parts } of this.all()) {
      for (const [label, value] of Object.entries(parts.labels)) {
        const known = values.get(label);
        if (known) known.add(value);
        else values.set(label, new Set([value]));
      }
    }
    const choosable = [...values].filter(([, { size }]) => size > 1 && size <= most).sort(([a], [b]) => a.localeCompare(b));
    return new Map(choosable.map(([label, set]) => [label, [...set].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }))]));
  }
}
