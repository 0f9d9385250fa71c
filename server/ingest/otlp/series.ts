import { formatSeries } from '../../../shared/series-name.js';
import { RecentMap } from '../recent-map.js';
import type { Attributes } from './attributes.js';
import { type Labels, pointLabels } from './labels.js';
import type { PointAttributes } from './point-attributes.js';

/** What the series of one metric of one scope have in common. */
export interface SeriesOrigin {
  /** The canonical text of name and labels: tells origins apart. */
  readonly key: string;
  readonly name: string;
  readonly labels: Labels;
}

/** A label that only some series of a point have: `le`, `quantile`. */
export type OwnLabel = readonly [key: string, value: string];

/** The series of one point: one text, or those of its buckets and quantiles; each is put together once. */
export class PointSeries {
  #plain: string | undefined;
  /** By suffix and own label. */
  #others: Map<string, string> | undefined;

  /** @param grown is told the characters of each text that is put together */
  constructor(
    private readonly origin: SeriesOrigin,
    private readonly attributes: Attributes,
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
    if (suffix === '' && !label) {
      this.#plain ??= this.#put('');
      return this.#plain;
    }
    const key = label ? `${suffix} ${label[1]}` : suffix;
    this.#others ??= new Map();
    const text = this.#others.get(key) ?? this.#put(suffix, label);
    this.#others.set(key, text);
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

/** Those of one origin, by the key of the attributes. */
type OriginSeries = Map<string, PointSeries>;

/** Series by what they are put together from: most points are of series that came before. */
export class KnownSeries {
  readonly #origins: RecentMap<string, OriginSeries>;
  readonly #grown = (chars: number): void => this.#origins.grow(chars);

  constructor(maxChars = MAX_CHARS) {
    this.#origins = new RecentMap(maxChars);
  }

  /** The series of an origin, by the attributes of its points. */
  of(origin: SeriesOrigin): (attributes: PointAttributes) => PointSeries {
    const known = this.#knownOf(origin);
    return ({ key, list }) => {
      const found = key === undefined ? undefined : known.get(key);
      if (found) return found;
      const series = new PointSeries(origin, list, this.#grown);
      if (key !== undefined) {
        known.set(key, series);
        this.#grown(key.length + ENTRY_CHARS);
      }
      return series;
    };
  }

  #knownOf({ key }: SeriesOrigin): OriginSeries {
    const known = this.#origins.get(key);
    if (known) return known;
    const series: OriginSeries = new Map();
    this.#origins.set(key, series, key.length + ENTRY_CHARS);
    return series;
  }
}
