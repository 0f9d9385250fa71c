import type { Frame, MetricSnapshot } from '../../shared/protocol.js';
import type { SubscribeRequest } from '../../shared/schemas.js';
import { formatSeries } from '../../shared/series-name.js';
import { compileSeriesPatterns, partsOf } from '../../shared/series-pattern.js';
import type { Shown } from './backfills.js';
import { CounterRate } from './counter-rate.js';
import { HistogramCounts } from './histogram-quantiles.js';
import type { NumberedRow } from './metric-history.js';
import { agesOf } from './sample-columns.js';
import { SeriesDictionary } from './series-dictionary.js';

/** Which series a viewer sees, and what is made of them. */
export type LensWish = Pick<SubscribeRequest, 'series' | 'rates' | 'quantiles'>;
/** A frame without the room it is of. */
export type BareFrame = Omit<Frame, 'room'>;

/** What becomes of one series of the room. */
type Route =
  | { readonly to: 'nothing' }
  | { readonly to: 'value'; readonly name: string }
  | { readonly to: 'rate'; readonly name: string; readonly counter: CounterRate }
  | { readonly to: 'histogram'; readonly histogram: Histogram; readonly le: number };

interface Histogram {
  readonly counts: HistogramCounts;
  /** Of the quantiles' series. */
  readonly names: readonly string[];
}

const BUCKET = '_bucket';
const NOTHING: Route = { to: 'nothing' };

/** Whether a viewer sees a room as it is. */
export const seesAll = ({ series, rates, quantiles }: LensWish): boolean => !series && !rates && !quantiles;

/** The name of what a counter rises by: `requests_total{code="200"}` as `requests_total:rate{code="200"}`. */
function rateName(series: string): string {
  const { name, labels } = partsOf(series);
  return formatSeries(`${name}:rate`, labels);
}

/**
 * One way to see a room: chosen series, counters as rates, histograms as quantiles. It has numbers of its own, so that its names are few and
 * its frames small.
 */
export class FrameLens {
  readonly #chooses: (series: string) => boolean;
  readonly #rises: (series: string) => boolean;
  readonly #quantiles: readonly number[];
  readonly #dictionary: SeriesDictionary;
  /** By the room's number; the name tells whether the number has gone to another series. */
  readonly #routes = new Map<number, { readonly series: string; readonly route: Route }>();
  readonly #histograms = new Map<string, Histogram>();
  /** Of series that are made here. */
  readonly #made = new Map<number, { t: number; value: number }>();

  /**
   * @param names the room's, by number
   * @throws HubError `invalid` for what is no pattern
   */
  constructor(
    { series = [], rates, quantiles = [] }: LensWish,
    private readonly names: readonly string[],
    private readonly limits: { readonly series: number; readonly chars: number; readonly idleMs: number },
  ) {
    this.#chooses = compileSeriesPatterns(series);
    this.#rises = rates ? compileSeriesPatterns(rates) : () => false;
    this.#quantiles = quantiles;
    this.#dictionary = new SeriesDictionary({ ...limits, onForget: (number) => this.#made.delete(number) });
  }

  /** Takes in what the room knows already, before anybody sees it. @param rows of the last time, oldest first */
  seed(rows: readonly NumberedRow[], latest: MetricSnapshot['latest'], now: number): void {
    for (const { t, series, values, ago } of rows)
      this.frame({ t, series: plain(series), values: plain(values), ...(ago && { ago: plain(ago) }) }, now);
    const t = latest.t.reduce((newest, at) => Math.max(newest, at), 0);
    this.frame({ t, series: latest.series, values: latest.values, ago: latest.t.map((at) => t - at) }, now);
    for (const source of latest.series) {
      const route = this.#route(source);
      if (route.to === 'rate' && this.#dictionary.known(route.name, now) === undefined) this.#dictionary.introduce(route.name, now);
    }
  }

  /** The series of a frame that have to do with this lens, in the room's numbers; undefined without any. */
  pick({ t, series, values, ago, position }: BareFrame): BareFrame | undefined {
    const kept = series.flatMap((number, i) => (this.#route(number).to === 'nothing' ? [] : [i]));
    if (kept.length === 0) return undefined;
    const column = (values: readonly number[]) => kept.map((i) => values[i] ?? 0);
    return { t, series: column(series), values: column(values), ...(ago && { ago: column(ago) }), ...(position && { position }) };
  }

  /** A frame as it is seen: undefined when nothing of it is. */
  frame({ t, series, values, ago, position }: BareFrame, now: number): BareFrame | undefined {
    const out = new Columns(this.#dictionary, now);
    const touched = new Set<Histogram>();
    series.forEach((number, i) => {
      const at = t - (ago?.[i] ?? 0);
      const value = values[i] ?? 0;
      const route = this.#route(number);
      if (route.to === 'value') out.add(route.name, at, value);
      else if (route.to === 'rate') this.#make(out, route.name, at, route.counter.next(at, value));
      else if (route.to === 'histogram') {
        route.histogram.counts.set(route.le, at, value);
        touched.add(route.histogram);
      }
    });
    for (const { counts, names } of touched) {
      const found = counts.quantiles(this.#quantiles);
      for (const [i, name] of names.entries()) this.#make(out, name, found?.t ?? t, found?.values[i]);
    }
    return out.frame(t, position);
  }

  /** Its series, by number. */
  get shownNames(): readonly string[] {
    return this.#dictionary.names;
  }

  /** The latest of each series, out of the room's own. */
  latest(latest: MetricSnapshot['latest'], now: number): MetricSnapshot['latest'] {
    const seen: MetricSnapshot['latest'] = { series: [], t: [], values: [] };
    const add = (number: number, t: number, value: number) => {
      seen.series.push(number);
      seen.t.push(t);
      seen.values.push(value);
    };
    latest.series.forEach((source, i) => {
      const shown = this.shows(source, now);
      if (shown && !shown.rate) add(shown.number, latest.t[i] ?? 0, latest.values[i] ?? 0);
    });
    for (const [number, { t, value }] of this.#made) add(number, t, value);
    return seen;
  }

  /** What a series of the room's past is seen as; undefined: not at all, or not yet told in a frame. Quantiles have no past. */
  shows(source: number, now: number): Shown | undefined {
    const route = this.#route(source);
    if (route.to !== 'value' && route.to !== 'rate') return undefined;
    const number = this.#dictionary.known(route.name, now);
    return number === undefined ? undefined : { number, rate: route.to === 'rate' };
  }

  #make(out: Columns, name: string, t: number, value: number | undefined): void {
    const number = value === undefined ? undefined : out.add(name, t, value);
    if (number !== undefined && value !== undefined) this.#made.set(number, { t, value });
  }

  #route(number: number): Route {
    const series = this.names[number] ?? '';
    const known = this.#routes.get(number);
    if (known?.series === series) return known.route;
    const route = series !== '' && this.#chooses(series) ? this.#chosen(series) : NOTHING;
    this.#routes.set(number, { series, route });
    return route;
  }

  #chosen(series: string): Route {
    const histogram = this.#quantiles.length > 0 ? this.#bucket(series) : undefined;
    if (histogram) return histogram;
    if (this.#rises(series)) return { to: 'rate', name: rateName(series), counter: new CounterRate() };
    return { to: 'value', name: series };
  }

  /** A series `<name>_bucket{le="…"}`, as Prometheus has them. */
  #bucket(series: string): Route | undefined {
    const { name, labels } = partsOf(series);
    const { le, ...others } = labels;
    if (!name.endsWith(BUCKET) || le === undefined) return undefined;
    const base = name.slice(0, -BUCKET.length);
    const key = formatSeries(base, others);
    const names = this.#quantiles.map((q) => formatSeries(base, { ...others, quantile: String(q) }));
    const histogram = this.#histograms.get(key) ?? { counts: new HistogramCounts(), names };
    // Those of series that ended long ago are in there too.
    if (this.#histograms.size >= this.limits.series) this.#histograms.clear();
    this.#histograms.set(key, histogram);
    return { to: 'histogram', histogram, le: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le) };
  }
}

const plain = (column: ArrayLike<number>): number[] => (Array.isArray(column) ? column : Array.from(column));

/** A frame that is being put together, each series by its number. */
class Columns {
  readonly #series: number[] = [];
  readonly #values: number[] = [];
  readonly #times: number[] = [];
  #names: Record<number, string> | undefined;

  constructor(
    private readonly dictionary: SeriesDictionary,
    private readonly now: number,
  ) {}

  /** The number that it has; undefined when there is room for no further series. */
  add(name: string, t: number, value: number): number | undefined {
    const known = this.dictionary.known(name, this.now);
    const number = known ?? this.dictionary.introduce(name, this.now);
    if (number === undefined) return undefined;
    if (known === undefined) this.#introduce(number, name);
    this.#series.push(number);
    this.#values.push(value);
    this.#times.push(t);
    return number;
  }

  #introduce(number: number, name: string): void {
    this.#names ??= {};
    this.#names[number] = name;
  }

  frame(t: number, position: Frame['position']): BareFrame | undefined {
    if (this.#series.length === 0) return undefined;
    const ago = agesOf({ t, times: this.#times });
    const frame: BareFrame = { t, series: this.#series, values: this.#values };
    if (ago) frame.ago = ago;
    if (position) frame.position = position;
    if (this.#names) frame.names = this.#names;
    return frame;
  }
}
