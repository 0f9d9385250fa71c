import { Counter, type CounterConfiguration, type LabelValues } from 'prom-client';

/** One series of a counter, for what happens very often. */
export class Tally {
  #untold = 0;

  add(by = 1): void {
    this.#untold += by;
  }

  /** What was added since the last time. */
  take(): number {
    const untold = this.#untold;
    this.#untold = 0;
    return untold;
  }
}

/** A counter whose series can be tallied: prom-client hashes and checks the labels of each `inc`; a tally is added when the metrics are read. */
export class TalliedCounter<Label extends string> extends Counter<Label> {
  readonly #tallies: { tally: Tally; labels: LabelValues<Label> }[] = [];

  constructor(configuration: CounterConfiguration<Label>) {
    super({
      ...configuration,
      collect() {
        (this as TalliedCounter<Label>).#collect();
      },
    });
  }

  /** One for each series and asker: it is kept as long as the counter. */
  tally(labels: LabelValues<Label>): Tally {
    const tally = new Tally();
    this.#tallies.push({ tally, labels });
    return tally;
  }

  /** The tallies of the series that differ in one label, each made when it is asked for first. The label's values must be few. */
  talliesBy(label: Label): (value: string) => Tally {
    const tallies = new Map<string, Tally>();
    return (value) => {
      const known = tallies.get(value);
      if (known) return known;
      const tally = this.tally({ [label]: value } as LabelValues<Label>);
      tallies.set(value, tally);
      return tally;
    };
  }

  #collect(): void {
    for (const { tally, labels } of this.#tallies) {
      const by = tally.take();
      if (by > 0) this.inc(labels, by);
    }
  }
}
