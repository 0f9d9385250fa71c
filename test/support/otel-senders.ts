import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { OTLPLogExporter as JsonLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { AggregationTemporalityPreference, OTLPMetricExporter as JsonMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { AggregationType, MeterProvider, PeriodicExportingMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics';
import type { Scope } from './scope.js';

export type Encoding = 'json' | 'protobuf';
export type Temporality = 'cumulative' | 'delta';

/** Far enough off that only a flush exports. */
const NEVER_MS = 3_600_000;

const METRIC_EXPORTERS = { json: JsonMetricExporter, protobuf: ProtobufMetricExporter };
const LOG_EXPORTERS = { json: JsonLogExporter, protobuf: ProtobufLogExporter };
const PREFERENCES = { cumulative: AggregationTemporalityPreference.CUMULATIVE, delta: AggregationTemporalityPreference.DELTA };

/**
 * A program's metrics as OpenTelemetry's SDK sends them to where `OTEL_EXPORTER_OTLP_ENDPOINT` says; `payload.size` is an exponential
 * histogram.
 */
export function startMeter(
  scope: Scope,
  { service, encoding, temporality }: { service: string; encoding: Encoding; temporality: Temporality },
) {
  const exporter = new METRIC_EXPORTERS[encoding]({ temporalityPreference: PREFERENCES[temporality] });
  const results = keepResults(exporter);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: NEVER_MS });
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.instance.id': 'one' }),
    readers: [reader],
    views: [{ instrumentName: 'payload.size', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
  });
  scope.defer(provider, () => provider.shutdown());
  return { meter: provider.getMeter('shop', '1.0'), results, flush: () => reader.forceFlush() };
}

/** What becomes of each export: the SDK tells it to nobody. */
function keepResults(exporter: PushMetricExporter): { readonly error?: Error }[] {
  const results: { readonly error?: Error }[] = [];
  const send = exporter.export.bind(exporter);
  exporter.export = (metrics, done) =>
    send(metrics, (result) => {
      results.push(result);
      done(result);
    });
  return results;
}

/** A program's log as OpenTelemetry's SDK sends it. */
export function startLogger(scope: Scope, { service, encoding }: { service: string; encoding: Encoding }) {
  const exporter = new LOG_EXPORTERS[encoding]();
  const provider = new LoggerProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    processors: [new BatchLogRecordProcessor({ exporter, maxQueueSize: 10_000, maxExportBatchSize: 400 })],
  });
  scope.defer(provider, () => provider.shutdown());
  return { logger: provider.getLogger('checkout'), flush: () => provider.forceFlush() };
}

/** A context within a span. */
export const withinSpan = (traceId: string, spanId: string) => trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 1 });
