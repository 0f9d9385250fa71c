import { setImmediate as nextTurn } from 'node:timers/promises';
import { HubError } from '../../../shared/errors.js';
import { formatSeries } from '../../../shared/series-name.js';
import type { IngestService } from '../ingest-service.js';
import type { ParsedSample } from '../parsed.js';
import { faultOf, type SampleTimes } from '../sample-faults.js';
import type { Intake } from '../serve-bodies.js';
import { type Attributes, attributeText } from './attributes.js';
import { infoLabels, resourceLabels, scopeLabels } from './labels.js';
import type { Batch, Metric } from './model.js';
import { oncePer } from './once.js';
import type { KnownAttributes, PointAttributes } from './point-attributes.js';
import { OtlpRooms, type ResourcePlace, refuseIfForbidden } from './rooms.js';
import { metricName, pointsOf, type ReadPoint } from './samples.js';
import type { KnownSeries, PointSeries } from './series.js';
import type { DeltaTotals } from './totals.js';

/** Samples that are taken in one go, and points that are read; the event loop has its turn between two of them. */
const SLICE_SAMPLES = 2_000;
const SLICE_POINTS = 500;
const NANOSECONDS = 1e6;

/** What the points of one metric have in common. */
interface MetricPlace extends ResourcePlace {
  readonly name: string;
  readonly seriesOf: (attributes: PointAttributes) => PointSeries;
}

/** What outlives a request. */
export interface MetricsMemory {
  readonly totals: DeltaTotals;
  readonly attributes: KnownAttributes;
  readonly series: KnownSeries;
}

/** Takes the data points of one request, in order; one that is refused is named by its place in the request, from 1. */
export class MetricsIntake {
  readonly #rooms: OtlpRooms;
  readonly #now: number;
  readonly #times: SampleTimes;
  readonly #labelsOf = oncePer(resourceLabels);
  readonly #labelsOfScope = oncePer(scopeLabels);
  #samples: ParsedSample[] = [];
  #line = 0;

  constructor(
    private readonly ingest: IngestService,
    private readonly memory: MetricsMemory,
    private readonly intake: Pick<Intake, 'principal' | 'report'>,
  ) {
    this.#rooms = new OtlpRooms(ingest, intake.principal, 'samples');
    this.#now = ingest.clock.now();
    this.#times = ingest.sampleTimes;
  }

  /** @throws HubError as `IngestService.ingestSamples`; `forbidden` when the sender may use none of the rooms */
  async take(batches: readonly Batch<Metric>[]): Promise<void> {
    const { ingest, intake } = this;
    for (const batch of batches) for (const metric of batch.items) await this.#takeMetric(batch, metric);
    this.#flush();
    ingest.countRefused('samples', intake.report);
    refuseIfForbidden(intake.report);
    for (const resource of new Set(batches.map((batch) => batch.resource))) this.#tellTarget(resource);
  }

  async #takeMetric(batch: Batch<Metric>, metric: Metric): Promise<void> {
    const placeOf = oncePer(({ resource, scope }: Batch<Metric>) => {
      const name = metricName(metric);
      const labels = { ...this.#labelsOf(resource), ...this.#labelsOfScope(scope) };
      const seriesOf = this.memory.series.of({ key: formatSeries(name, labels), name, labels });
      return { name, seriesOf, ...this.#rooms.ofResource(resource) };
    });
    const points = pointsOf(metric);
    for (let at = 0; at < points.length; at++) {
      this.#line++;
      try {
        this.#takePoint(points.read(at), placeOf(batch));
      } catch (error) {
        this.intake.report.refuse(this.#line, named(error, metric.name));
      }
      if (this.#samples.length >= SLICE_SAMPLES) this.#flush();
      if (this.#line % SLICE_POINTS === 0) await nextTurn();
    }
  }

  #takePoint({ point, valuesAt }: ReadPoint, place: MetricPlace): void {
    if (!point.recorded) {
      this.ingest.countLeftOut('samples', 'stale', 1);
      return;
    }
    const { name } = place;
    const series = place.seriesOf(point.attributes);
    const labelOf = (key: string) =>
      key === '__name__' ? name : (attributeText(point.attributes.list, key) ?? place.attribute(key) ?? series.labels()[key]);
    const room = this.#rooms.of(labelOf, place.room);
    // A delta of another time must not get into a total.
    const probe = { series: name, value: 0, t: this.#timeOf(point.timeNs) };
    const fault = faultOf(probe, this.#times);
    if (fault) throw new HubError(fault.code, fault.why(probe));
    const { timeNs, values } = valuesAt({ room, series, totals: this.memory.totals });
    const t = this.#timeOf(timeNs);
    const line = this.#line;
    const samples = values.map(([value, suffix, label]): ParsedSample => ({ line, series: series.text(suffix, label), value, t, room }));
    this.#samples.push(...samples);
  }

  #timeOf(timeNs: number): number {
    return timeNs === 0 ? this.#now : Math.round(timeNs / NANOSECONDS);
  }

  #flush(): void {
    const { ingest, intake } = this;
    const [first] = this.#samples;
    if (first?.room) intake.report.add(ingest.ingestSamples(intake.principal, first.room, this.#samples));
    this.#samples = [];
  }

  /** What else is known of a resource is one series of its own, as in Prometheus; it is no data point, so nobody is told of its fate. */
  #tellTarget(resource: Attributes): void {
    const labels = infoLabels(resource);
    if (!labels) return;
    const name = 'target_info';
    const place = this.#rooms.ofResource(resource);
    const labelOf = (key: string) => (key === '__name__' ? name : (place.attribute(key) ?? labels[key]));
    try {
      const room = this.#rooms.of(labelOf, place.room);
      this.ingest.ingestSamples(this.intake.principal, room, [{ line: 0, series: formatSeries(name, labels), value: 1, t: this.#now }]);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
    }
  }
}

function named(error: unknown, metric: string): unknown {
  return error instanceof HubError && metric ? new HubError(error.code, `${metric.slice(0, 200)}: ${error.message}`) : error;
}
