import { formatSeries, SERIES_CHARS } from '../../../shared/series-name.js';
import { RecentMap } from '../recent-map.js';
import { type Labels, pointLabels, textOf } from './labels.js';
import type { Attributes } from './model.js';

/** What the series of one metric of one scope have in common. */
export interface SeriesOrigin {
  /** The canonical text of name and labels: tells origins apart. */
  readonly key: string;
  readonly name: string;
  readonly labels: Labels;
}

/** A label that only some series of a point have: `le`, `quantile`. */
export type OwnLabel = readonly [key: string, value: string];

/** What was put together of the series of one point. */
interface Texts {
  plain?: string;
  /** By suffix and own label. */
  others?: Map<string, string>;
}

/** The series of one point: one text, or those of its buckets and quantiles. */
export class PointSeries {
  constructor(
    private readonly origin: SeriesOrigin,
    private readonly attributes: Attributes,
    private readonly texts: Texts,
    private readonly grown: (chars: number) => void,
  ) {}

  /** @throws HubError `too_large` when the labels are more than a series may have */
  labels(): Labels {
    return pointLabels(this.attributes, this.origin.labels);
  }

  /**
   * @param suffix what it adds to the metric's name
   * @throws HubError as `labels`
   */
  text(suffix: string, label?: OwnLabel): string {
    const { texts } = this;
    if (suffix === '' && !label) {
      texts.plain ??= this.#put('');
      return texts.plain;
    }
    const key = label ? `${suffix} ${label[1]}` : suffix;
    texts.others ??= new Map();
    const text = texts.others.get(key) ?? this.#put(suffix, label);
    texts.others.set(key, text);
    return text;
  }

  #put(suffix: string, label?: OwnLabel): string {
    const labels = this.labels();
    const text = formatSeries(this.origin.name + suffix, label ? { ...labels, [label[0]]: label[1] } : labels);
    this.grown(text.length);
    return text;
  }
}

/** Memory of the series that were put together lately, roughly. */
const MAX_CHARS = 64 * 1024 * 1024;
/** An entry of maps and objects, in characters. */
const ENTRY_CHARS = 200;

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
  readonly #known: RecentMap<string, Texts>;
  readonly #origins: RecentMap<string, number>;
  readonly #grown = (chars: number): void => this.#known.grow(chars);
  #lastOrigin = 0;

  constructor(maxChars = MAX_CHARS) {
    this.#known = new RecentMap(maxChars);
    this.#origins = new RecentMap(maxChars / 8);
  }

  /** The series of an origin, by the attributes of its points. */
  of(origin: SeriesOrigin): (attributes: Attributes) => PointSeries {
    const number = this.#numberOf(origin);
    return (attributes) => {
      const key = keyOf(attributes);
      return new PointSeries(origin, attributes, key === undefined ? {} : this.#textsOf(`${number} ${key}`), this.#grown);
    };
  }

  #textsOf(key: string): Texts {
    const known = this.#known.get(key);
    if (known) return known;
    const texts: Texts = {};
    this.#known.set(key, texts, key.length + ENTRY_CHARS);
    return texts;
  }

  /** Stands for an origin in the keys of its series. */
  #numberOf({ key }: SeriesOrigin): number {
    const known = this.#origins.get(key);
    if (known !== undefined) return known;
    this.#origins.set(key, ++this.#lastOrigin, key.length + ENTRY_CHARS);
    return this.#lastOrigin;
  }
}
