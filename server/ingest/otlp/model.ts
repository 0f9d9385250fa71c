import type { Attributes, OtlpValue } from './attributes.js';
import type { KnownAttributes, PointAttributes } from './point-attributes.js';

/** What a request of OTLP says, whichever way it is encoded. Source: github.com/open-telemetry/opentelemetry-proto, v1. */

/** Levels of arrays and maps in a value at most. */
export const VALUE_LEVELS = 24;

/** The library or logger that something comes from. */
export interface Scope {
  readonly name: string;
  readonly version: string;
  readonly attributes: Attributes;
}

/** What comes from one scope of one resource. */
export interface Batch<Item> {
  readonly resource: Attributes;
  readonly scope: Scope;
  readonly items: readonly Item[];
}

/** An item that is read when it is its turn. @throws HubError `invalid` or `too_deep`: the item is refused, its neighbours are not */
export type Unread<T> = () => T;

/** Items that are read when it is their turn. */
export interface UnreadList<T> {
  readonly length: number;
  /** @throws HubError as `Unread` */
  read(at: number): T;
}

export interface Point<Data> {
  readonly attributes: PointAttributes;
  /** Nanoseconds since 1970, exact to some 200 ns; 0: not known. */
  readonly startNs: number;
  readonly timeNs: number;
  /** False: the sender says that there is no value at this time. */
  readonly recorded: boolean;
  readonly data: Data;
}

export interface HistogramData {
  readonly count: number;
  /** Left out where values may be negative. */
  readonly sum?: number | undefined;
  /** Upper bounds, rising, of all buckets but the last. */
  readonly bounds: readonly number[];
  /** How many values fell into each bucket: one more than bounds, or none at all. */
  readonly counts: readonly number[];
}

/** Buckets of an exponential histogram: the one at `offset + i` ends at `2 ** ((offset + i + 1) / 2 ** scale)`. */
export interface ExponentialBuckets {
  readonly offset: number;
  readonly counts: readonly number[];
}

export interface ExponentialData {
  readonly count: number;
  readonly sum?: number | undefined;
  readonly scale: number;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positive: ExponentialBuckets;
  readonly negative: ExponentialBuckets;
}

export interface SummaryData {
  readonly count: number;
  readonly sum: number;
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
}

/** The number that OTLP gives a temporality; anything else is none. */
export const TEMPORALITY = { delta: 1, cumulative: 2 } as const;

export type MetricData =
  | { readonly kind: 'gauge'; readonly points: UnreadList<Point<number>> }
  | { readonly kind: 'sum'; readonly points: UnreadList<Point<number>>; readonly temporality: number; readonly monotonic: boolean }
  | { readonly kind: 'histogram'; readonly points: UnreadList<Point<HistogramData>>; readonly temporality: number }
  | { readonly kind: 'exponential'; readonly points: UnreadList<Point<ExponentialData>>; readonly temporality: number }
  | { readonly kind: 'summary'; readonly points: UnreadList<Point<SummaryData>> };

export interface Metric {
  readonly name: string;
  /** UCUM: `s`, `By`, `{request}`. */
  readonly unit: string;
  readonly data: MetricData;
}

export interface LogRecord {
  readonly timeNs: number;
  readonly observedNs: number;
  /** 1 (trace) to 24 (fatal); 0: not known. */
  readonly severity: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: OtlpValue;
  readonly attributes: Attributes;
  /** In hex; empty: none. */
  readonly traceId: string;
  readonly spanId: string;
}

/** Reads bodies of one encoding. Both throw HubError `invalid` or `too_deep` for a body that is none. */
export interface OtlpReader {
  /** @param known attributes of points that came before */
  metrics(body: Buffer, known: KnownAttributes): Batch<Metric>[];
  logs(body: Buffer): Batch<Unread<LogRecord>>[];
}
