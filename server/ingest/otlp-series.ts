import { formatSeries, SERIES_CHARS } from '../../shared/series-name.js';
import { type Labels, pointLabels, textOf } from './otlp-labels.js';
import type { Attributes } from './otlp-model.js';
import { RecentMap } from './recent-map.js';

/** What the series of one metric of one scope have in common. */
export interface SeriesOrigin {
  /** The canonical text of name and labels: tells origins apart. */
  readonly key: string;
  readonly name: string;
  readonly labels: Labels;
}

/** A label that only some series of a point have: `le`, `quantile`. */
export type OwnLabel = readonly [key: string, value: string];

/** The series of one metric with one set of attributes, each put together once. */
export class PointSeries {
  readonly #texts = new Map<string, string>();

  constructor(
    private readonly name: string,
    readonly labels: Labels,
    private readonly grown: (chars: number) => void,
  ) {}

  /** @param suffix what it adds to the metric's name */
  text(suffix: string, label?: OwnLabel): string {
    const key = label ? `${suffix} ${label[1]}` : suffix;
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const text = formatSeries(this.name + suffix, label ? { ...this.labels, [label[0]]: label[1] } : this.labels);
    this.#texts.set(key, text);
    this.grown(key.length + text.length);
    return text;
  }
}

/** Memory of the series that were put together lately, roughly. */
const MAX_CHARS = 16 * 1024 * 1024;
/** An entry of maps and objects, in characters. */
const ENTRY_CHARS = 300;

/** An unambiguous text of attributes; undefined when no series could have so many. */
function keyOf(attributes: Attributes): string | undefined {
  let key = '';
  for (const [name, value] of attributes) {
    const text = textOf(value);
    key += `${name.length}:${name}${text.length}:${text}`;
    if (key.length > 2 * SERIES_CHARS) return undefined;
  }
  return key;
}

/** Series by what they are put together from: most points are of series that came before. */
export class KnownSeries {
  readonly #known: RecentMap<string, PointSeries>;

  constructor(maxChars = MAX_CHARS) {
    this.#known = new RecentMap(maxChars);
  }

  /** @throws HubError `too_large` when the labels are more than a series may have */
  of(origin: SeriesOrigin, attributes: Attributes): PointSeries {
    const key = keyOf(attributes);
    const seriesOf = () => new PointSeries(origin.name, pointLabels(attributes, origin.labels), (chars) => this.#known.grow(chars));
    if (key === undefined) return seriesOf();
    const whole = `${origin.key}\n${key}`;
    const known = this.#known.get(whole);
    if (known) return known;
    const series = seriesOf();
    this.#known.set(whole, series, whole.length + ENTRY_CHARS);
    return series;
  }
}
