import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { createEventLoopLag, type LagReading } from './event-loop-lag.js';
import { TalliedCounter } from './tallied-counter.js';
import { TalliedHistogram } from './tallied-histogram.js';

interface JobDepth {
  readonly queued: number;
  readonly active: number;
  readonly oldestQueuedMs: number;
}

/** What the hub knows at any moment, asked when somebody reads the metrics. Each is one number of this process. */
export interface HubSources {
  /** Open connections by transport (`websocket`, `polling`, `sse`, `long-poll`). */
  connections(): Readonly<Record<string, number>>;
  /** Rooms with a subscription here, and the subscriptions. */
  rooms(): number;
  subscriptions(): number;
  /** Connections that are held back because they read too slowly. */
  arriving(): number;
  slowConsumers(): number;
  /** Of the whole queue, whichever instance asks. */
  jobs(): Promise<JobDepth & { byName: Readonly<Record<string, JobDepth>> }>;
  /** Threads for jobs in this process. */
  jobThreads(): { busy: number; most: number };
  /** What the cache has in this process's memory. */
  cache(): { entries: number; bytes: number };
  redisUp(): boolean;
  /** The file system of the data directory; undefined where there is none. */
  disk(): { readonly freeBytes: number; readonly isLow: boolean } | undefined;
}

export interface HubMetricsOptions {
  /** Whether Node's and the process' own metrics stand beside ours: `process_…`, `nodejs_…`. */
  readonly defaults?: boolean;
  readonly lag?: { read(): LagReading };
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const CACHE_SECONDS = [0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60];
const JOB_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300];

/** Everything the hub counts and measures about itself, in one registry; parts are given the few of it that they feed. */
export type HubMetrics = ReturnType<typeof createHubMetrics>;

/**
 * Names follow Prometheus' conventions: `roomcast_`, the unit, `_total` for counters. All counters are of this process
 * since its start.
 */
export function createHubMetrics({ defaults = true, lag = createEventLoopLag() }: HubMetricsOptions = {}) {
  const registry = new Registry();
  if (defaults) collectDefaultMetrics({ register: registry });
  const sources: Partial<HubSources> = {};
  return {
    registry,
    lag,
    /** Says where the gauges' values come from; a gauge without a source has no value. */
    watch: (more: Partial<HubSources>) => void Object.assign(sources, more),
    ...connectionCounters(registry),
    ...roomCounters(registry),
    ...workCounters(registry),
    ...sourcedGauges(registry, sources, lag),
  };
}

function counters(registry: Registry) {
  return <Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new TalliedCounter({ name: `roomcast_${name}_total`, help, labelNames, registers: [registry] });
}

function connectionCounters(registry: Registry) {
  const counter = counters(registry);
  return {
    connected: counter('connections_opened', 'Connections admitted.', ['transport']),
    disconnected: counter('connections_closed', 'Connections ended, by reason.', ['reason']),
    refused: counter('refused', 'Requests, events and connections refused, by error code.', ['code']),
    received: counter('received_events', 'Events received from clients.', ['event']),
    receivedBytes: counter('received_bytes', 'Bytes received from clients.'),
    sentBytes: counter('sent_bytes', 'Bytes written to clients.'),
    slowHeld: counter('slow_consumer_holds', 'Times that a connection was held back because it read too slowly.'),
    slowPolicies: counter('slow_consumer_policies', 'Times that a subscription was held back because its connection read too slowly.', [
      'policy',
    ]),
    slowLeftOut: counter('slow_consumer_messages_left_out', 'Messages that slow readers were not given, by the policy of their room.', [
      'policy',
    ]),
  };
}

function roomCounters(registry: Registry) {
  const counter = counters(registry);
  return {
    published: counter('messages_published', 'Messages published through this instance and stored.', ['kind']),
    publishRepeated: counter('publishes_repeated', 'Publications recognised as repetitions by their id.'),
    publishSeconds: new TalliedHistogram({
      name: 'roomcast_publish_duration_seconds',
      help: 'Time from a publication to its acknowledgement.',
      buckets: SECONDS,
      registers: [registry],
    }),
    delivered: counter('messages_delivered', 'Messages and frames handed to the subscribers of this instance.', ['transport']),
    recovered: counter('recoveries', 'Returning subscribers, by whether everything they missed could be given to them.', ['recovered']),
    gapsRepaired: counter('feed_gaps_repaired', 'Messages that did not arrive by themselves and were read from the log.'),
    seriesLeftOut: counter('metric_values_left_out', 'Values not shown because their room has too many series.'),
  };
}

function workCounters(registry: Registry) {
  const counter = counters(registry);
  return {
    ingested: counter('ingested', 'Samples and log lines taken in or refused, by outcome: accepted, or an error code.', [
      'what',
      'outcome',
    ]),
    ingestLost: counter('ingest_lost', 'Samples and lines that were taken in and that the store then did not take.', ['what']),
    logLinesDropped: counter('own_log_lines_dropped', "Lines of the hub's own log that did not reach its room."),
    cacheReads: counter('cache_reads', 'Reads through the cache, by result.', ['result']),
    cacheAge: new Histogram({
      name: 'roomcast_cache_age_seconds',
      help: 'Age of the values that the cache served.',
      buckets: CACHE_SECONDS,
      registers: [registry],
    }),
    jobsEnded: counter('jobs_ended', 'Jobs that ended in this process, by handler and state.', ['name', 'state']),
    jobSeconds: new Histogram({
      name: 'roomcast_job_duration_seconds',
      help: 'Time from the start of a job to its end.',
      labelNames: ['name'],
      buckets: JOB_SECONDS,
      registers: [registry],
    }),
    redisReconnects: counter('redis_reconnects', 'Connections to Redis made again after one was lost.', ['link']),
  };
}

function sourcedGauges(registry: Registry, sources: Partial<HubSources>, lag: { read(): LagReading }) {
  const gauge = <Label extends string = never>(
    name: string,
    help: string,
    read: (gauge: Gauge<Label>) => void | Promise<void>,
    labelNames: readonly Label[] = [],
  ) =>
    new Gauge<Label>({
      name: `roomcast_${name}`,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        this.reset();
        // One source that fails must not take the others' metrics with it.
        await Promise.resolve(this)
          .then(read)
          .catch(() => undefined);
      },
    });
  // The gauges of one answer ask for it once per reading.
  const jobs = sharedCall(() => sources.jobs?.());
  const ofHandlers = (name: string, help: string, read: (depth: JobDepth) => number) =>
    gauge(
      `job_handler_${name}`,
      help,
      async (g) => {
        for (const [handler, depth] of Object.entries((await jobs())?.byName ?? {})) g.set({ name: handler }, read(depth));
      },
      ['name'],
    );
  return {
    jobHandlerQueued: ofHandlers('queued', 'Jobs that wait, of the whole hub, by handler.', (depth) => depth.queued),
    jobHandlerActive: ofHandlers('active', 'Jobs that run, of the whole hub, by handler.', (depth) => depth.active),
    jobHandlerOldest: ofHandlers(
      'oldest_queued_seconds',
      'Age of the job that waits longest, by handler.',
      (depth) => depth.oldestQueuedMs / 1_000,
    ),
    jobThreads: gauge('job_threads', 'Threads for jobs that there may be in this process.', (g) => g.set(sources.jobThreads?.().most ?? 0)),
    jobThreadsBusy: gauge('job_threads_busy', 'Threads of this process that run a job.', (g) => g.set(sources.jobThreads?.().busy ?? 0)),
    cacheBytes: gauge('cache_bytes', "Bytes of the cache in this process's memory, as JSON.", (g) => g.set(sources.cache?.().bytes ?? 0)),
    cacheEntries: gauge('cache_entries', "Entries of the cache in this process's memory.", (g) => g.set(sources.cache?.().entries ?? 0)),
    connections: gauge(
      'connections',
      'Open connections by transport.',
      (g) => {
        for (const [transport, open] of Object.entries(sources.connections?.() ?? {})) g.set({ transport }, open);
      },
      ['transport'],
    ),
    rooms: gauge('rooms', 'Rooms with a subscription on this instance.', (g) => g.set(sources.rooms?.() ?? 0)),
    subscriptions: gauge('subscriptions', 'Subscriptions on this instance.', (g) => g.set(sources.subscriptions?.() ?? 0)),
    arriving: gauge('connections_arriving', 'Connections that wait to be let in.', (g) => g.set(sources.arriving?.() ?? 0)),
    slowConsumers: gauge('slow_consumers', 'Connections held back now.', (g) => g.set(sources.slowConsumers?.() ?? 0)),
    redisUp: gauge('redis_up', 'Whether Redis answers: 1 or 0; 1 without Redis.', (g) => g.set(sources.redisUp?.() === false ? 0 : 1)),
    diskFree: gauge('disk_free_bytes', "Bytes free on the data directory's file system; none with another store than lmdb.", (g) => {
      const disk = sources.disk?.();
      if (disk) g.set(disk.freeBytes);
      else g.remove();
    }),
    diskLow: gauge('disk_low', 'Whether what adds to the store is refused, because fewer bytes than the reserve are free: 1 or 0.', (g) =>
      g.set(sources.disk?.()?.isLow ? 1 : 0),
    ),
    jobsQueued: gauge('jobs_queued', 'Jobs that wait, of the whole hub.', async (g) => g.set((await jobs())?.queued ?? 0)),
    jobsActive: gauge('jobs_active', 'Jobs that run, of the whole hub.', async (g) => g.set((await jobs())?.active ?? 0)),
    jobsOldest: gauge('jobs_oldest_queued_seconds', 'Age of the job that waits longest.', async (g) =>
      g.set(((await jobs())?.oldestQueuedMs ?? 0) / 1_000),
    ),
    lagP50: gauge('event_loop_lag_p50_seconds', "Median of the event loop's lag in the last second.", (g) =>
      g.set(lag.read().p50Ms / 1_000),
    ),
    lagP99: gauge('event_loop_lag_p99_seconds', "99th percentile of the event loop's lag in the last second.", (g) =>
      g.set(lag.read().p99Ms / 1_000),
    ),
    lagMax: gauge('event_loop_lag_max_seconds', 'Longest lag of the event loop in the last second.', (g) =>
      g.set(lag.read().maxMs / 1_000),
    ),
  };
}

/** One call for all who ask while it runs; a failure answers undefined, so that the other metrics are still read. */
function sharedCall<T>(call: () => Promise<T> | undefined): () => Promise<T | undefined> {
  let running: Promise<T | undefined> | undefined;
  return () => {
    running ??= Promise.resolve()
      .then(call)
      .catch(() => undefined)
      .finally(() => {
        running = undefined;
      });
    return running;
  };
}
