import { formatSeries } from '../../shared/series-name.js';
import { partsOf } from '../../shared/series-pattern.js';

type Values = (number | null)[];

/** How one more value changes what a group has at a step, and what is shown of it in the end. */
const COMBINE = {
  sum: { add: (a: number, b: number) => a + b },
  avg: { add: (a: number, b: number) => a + b, show: (total: number, count: number) => total / count },
  min: { add: Math.min },
  max: { add: Math.max },
  count: { add: (a: number) => a, show: (_: number, count: number) => count },
};
export type Combine = keyof typeof COMBINE;

/** Where nobody says: what is right for most. */
const USUAL: Readonly<Record<string, Combine>> = { sum: 'sum', count: 'sum', rate: 'sum', min: 'min', avg: 'avg', last: 'avg' };
export const usualCombine = (aggregate: string): Combine => USUAL[aggregate] ?? 'max';

/** Rows of values by name, one step after the other. */
export interface SeriesTable {
  /** False: there are as many rows as there may be, and this would be another. */
  add(series: string, values: Values): boolean;
  readonly rows: Iterable<[name: string, values: Values]>;
}

/** A row for each series that has a value. */
export class PlainTable implements SeriesTable {
  readonly rows = new Map<string, Values>();

  constructor(private readonly rowsMax: number) {}

  add(series: string, values: Values): boolean {
    if (values.every((value) => value === null)) return true;
    if (this.rows.size >= this.rowsMax) return false;
    this.rows.set(series, values);
    return true;
  }
}

interface Group {
  readonly totals: number[];
  readonly counts: number[];
}

/** One row for all series that have the name and the values of these labels in common. A step has a value where one of them has. */
export class GroupTable implements SeriesTable {
  readonly #groups = new Map<string, Group>();
  readonly #combine: { add(a: number, b: number): number; show?(total: number, count: number): number };

  constructor(
    private readonly labels: readonly string[],
    combine: Combine,
    private readonly rowsMax: number,
  ) {
    this.#combine = COMBINE[combine];
  }

  add(series: string, values: Values): boolean {
    const name = this.#nameOf(series);
    let group = this.#groups.get(name);
    if (!group) {
      if (this.#groups.size >= this.rowsMax) return false;
      group = { totals: values.map(() => 0), counts: values.map(() => 0) };
      this.#groups.set(name, group);
    }
    const { totals, counts } = group;
    for (const [step, value] of values.entries()) {
      if (value === null) continue;
      totals[step] = counts[step] ? this.#combine.add(totals[step] ?? 0, value) : value;
      counts[step] = (counts[step] ?? 0) + 1;
    }
    return true;
  }

  get rows(): [name: string, values: Values][] {
    const { show = (total: number) => total } = this.#combine;
    return [...this.#groups].map(([name, { totals, counts }]) => [
      name,
      counts.map((count, step) => (count === 0 ? null : show(totals[step] ?? 0, count))),
    ]);
  }

  #nameOf(series: string): string {
    const { name, labels } = partsOf(series);
    return formatSeries(
      name,
      Object.fromEntries(this.labels.flatMap((label) => (Object.hasOwn(labels, label) ? [[label, labels[label] ?? '']] : []))),
    );
  }
}
