import type { Metric } from 'prom-client';
import type { HubMetrics } from './metrics.js';

type Reading = () => number | Promise<number>;

/** The hub's numbers for its own metric room, by series name. */
export interface HubReadings {
  /** Numbers that only rise; shown as what they rise by in a second. */
  readonly rates: Readonly<Record<string, Reading>>;
  readonly levels: Readonly<Record<string, Reading>>;
}

/** A metric's value over all its labels. */
const total =
  (metric: Metric): Reading =>
  async () =>
    (await metric.get()).values.reduce((sum, { value }) => sum + value, 0);

const PERCENT_PER_US = 100 / 1e6;

export function hubReadings(metrics: HubMetrics): HubReadings {
  const { lag } = metrics;
  return {
    rates: {
      messages_published_per_second: total(metrics.published),
      messages_delivered_per_second: total(metrics.delivered),
      sent_bytes_per_second: total(metrics.sentBytes),
      events_received_per_second: total(metrics.received),
      refused_per_second: total(metrics.refused),
      ingested_per_second: total(metrics.ingested),
      process_cpu_percent: () => {
        const { user, system } = process.cpuUsage();
        return (user + system) * PERCENT_PER_US;
      },
    },
    levels: {
      connections: total(metrics.connections),
      rooms: total(metrics.rooms),
      subscriptions: total(metrics.subscriptions),
      slow_consumers: total(metrics.slowConsumers),
      jobs_queued: total(metrics.jobsQueued),
      jobs_active: total(metrics.jobsActive),
      event_loop_lag_p50_ms: () => lag.read().p50Ms,
      event_loop_lag_p99_ms: () => lag.read().p99Ms,
      event_loop_lag_max_ms: () => lag.read().maxMs,
      process_resident_memory_bytes: () => process.memoryUsage.rss(),
      process_heap_used_bytes: () => process.memoryUsage().heapUsed,
    },
  };
}
