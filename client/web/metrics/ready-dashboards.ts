import type { Dashboard, PanelQuery, PanelSpec } from './dashboard.js';

/** A dashboard for rooms that have certain metrics. */
export interface ReadyDashboard extends Dashboard {
  readonly id: string;
  /** Metrics that tell that a room has what this dashboard shows. */
  readonly tellTales: readonly string[];
}

/** Metrics by name and what each is called. */
const each = (metrics: Readonly<Record<string, string>>, more: Partial<PanelQuery> = {}): PanelQuery[] =>
  Object.entries(metrics).map(([series, label]) => ({ series, label, ...more }));

const gauge = (title: string, query: PanelQuery, more: Partial<PanelSpec> = {}): PanelSpec => ({
  title,
  kind: 'gauge',
  unit: 'ratio',
  max: 1,
  queries: [query],
  ...more,
});

/** What a hub tells of its machine. */
const HOST: ReadyDashboard = {
  id: 'host',
  title: 'Host',
  tellTales: ['cpu_percent', 'memory_used_percent'],
  panels: [
    { title: 'CPU', kind: 'line', unit: 'percent', queries: each({ cpu_percent: 'All cores' }), max: 100 },
    { title: 'CPU by core', kind: 'line', unit: 'percent', queries: each({ cpu_core_percent: 'Core' }), max: 100 },
    {
      title: 'Memory',
      kind: 'line',
      unit: 'bytes',
      queries: each({ memory_used_bytes: 'Used', memory_available_bytes: 'Available', swap_used_bytes: 'Swap' }),
    },
    { title: 'Load', kind: 'line', unit: 'count', queries: each({ load1: '1 min', load5: '5 min', load15: '15 min' }), max: 1 },
    {
      title: 'Network',
      kind: 'line',
      unit: 'bytesPerSecond',
      queries: each({ network_receive_bytes_per_second: 'In', network_transmit_bytes_per_second: 'Out' }),
      max: 1024,
    },
    {
      title: 'Disk',
      kind: 'line',
      unit: 'bytesPerSecond',
      queries: each({ disk_read_bytes_per_second: 'Read', disk_write_bytes_per_second: 'Written' }),
      max: 1024,
    },
  ],
};

/** What a hub tells of itself. */
const HUB: ReadyDashboard = {
  id: 'hub',
  title: 'Hub',
  tellTales: ['event_loop_lag_p50_ms', 'messages_delivered_per_second'],
  panels: [
    {
      title: 'Event loop lag',
      kind: 'line',
      unit: 'milliseconds',
      queries: each({ event_loop_lag_p50_ms: 'p50', event_loop_lag_p99_ms: 'p99', event_loop_lag_max_ms: 'Max' }),
    },
    {
      title: 'Messages',
      kind: 'line',
      unit: 'perSecond',
      queries: each({
        messages_published_per_second: 'Published',
        messages_delivered_per_second: 'Delivered',
        ingested_per_second: 'Ingested',
      }),
      max: 1,
    },
    { title: 'Sent', kind: 'line', unit: 'bytesPerSecond', queries: each({ sent_bytes_per_second: 'Sent' }), max: 1024 },
    {
      title: 'Events',
      kind: 'line',
      unit: 'perSecond',
      queries: each({ events_received_per_second: 'Received', refused_per_second: 'Refused' }),
      max: 1,
    },
    { title: 'Connections', kind: 'line', unit: 'count', queries: each({ connections: 'Open', slow_consumers: 'Slow' }), max: 4 },
    { title: 'Rooms', kind: 'line', unit: 'count', queries: each({ rooms: 'Rooms', subscriptions: 'Subscriptions' }), max: 4 },
    { title: 'Process CPU', kind: 'line', unit: 'percent', queries: each({ process_cpu_percent: 'CPU' }), max: 10 },
    {
      title: 'Process memory',
      kind: 'line',
      unit: 'bytes',
      queries: each({ process_resident_memory_bytes: 'Resident', process_heap_used_bytes: 'Heap used' }),
    },
    { title: 'Jobs', kind: 'line', unit: 'count', queries: each({ jobs_queued: 'Queued', jobs_active: 'Running' }), max: 2 },
  ],
};

const CPU_MODES = ['user', 'system', 'iowait', 'nice', 'irq', 'softirq', 'steal'];

/** Prometheus' node exporter; the names are those of its version 1, source: github.com/prometheus/node_exporter, collector/. */
const NODE_EXPORTER: ReadyDashboard = {
  id: 'node-exporter',
  title: 'Node exporter',
  tellTales: ['node_cpu_seconds_total', 'node_memory_MemAvailable_bytes'],
  panels: [
    gauge('CPU busy', { series: 'node_cpu_seconds_total{mode="idle"}', label: 'busy', rate: true, rest: true }, { combine: 'avg' }),
    gauge('Memory used', { series: 'node_memory_MemAvailable_bytes', label: 'used', of: 'node_memory_MemTotal_bytes', rest: true }),
    gauge(
      'Disk space used',
      { series: 'node_filesystem_avail_bytes', of: 'node_filesystem_size_bytes', rest: true },
      { combine: 'max', by: 'mountpoint' },
    ),
    { title: 'Up since', kind: 'stat', unit: 'date', queries: each({ node_boot_time_seconds: 'boot' }) },
    {
      title: 'CPU by mode',
      kind: 'area',
      unit: 'ratio',
      queries: CPU_MODES.map((mode) => ({ series: `node_cpu_seconds_total{mode="${mode}"}`, label: mode, rate: true })),
      combine: 'avg',
      max: 1,
    },
    {
      title: 'CPU by core, user',
      kind: 'heatmap',
      unit: 'ratio',
      queries: [{ series: 'node_cpu_seconds_total{mode="user"}', rate: true }],
    },
    {
      title: 'Memory',
      kind: 'line',
      unit: 'bytes',
      queries: each({
        node_memory_MemTotal_bytes: 'Total',
        node_memory_MemAvailable_bytes: 'Available',
        node_memory_Cached_bytes: 'Cached',
        node_memory_MemFree_bytes: 'Free',
      }),
    },
    {
      title: 'Load',
      kind: 'line',
      unit: 'count',
      queries: each({ node_load1: '1 min', node_load5: '5 min', node_load15: '15 min' }),
      max: 1,
    },
    {
      title: 'Network',
      kind: 'line',
      unit: 'bytesPerSecond',
      queries: each({ node_network_receive_bytes_total: 'In', node_network_transmit_bytes_total: 'Out' }, { rate: true }),
      combine: 'sum',
      by: 'device',
      max: 1024,
    },
    {
      title: 'Disk',
      kind: 'line',
      unit: 'bytesPerSecond',
      queries: each({ node_disk_read_bytes_total: 'Read', node_disk_written_bytes_total: 'Written' }, { rate: true }),
      combine: 'sum',
      by: 'device',
      max: 1024,
    },
    {
      title: 'Disk busy',
      kind: 'line',
      unit: 'ratio',
      queries: each({ node_disk_io_time_seconds_total: 'Busy' }, { rate: true }),
      combine: 'max',
      by: 'device',
      max: 1,
    },
    {
      title: 'Network faults',
      kind: 'line',
      unit: 'perSecond',
      queries: each(
        { node_network_receive_errs_total: 'In', node_network_transmit_errs_total: 'Out', node_network_receive_drop_total: 'Dropped' },
        { rate: true },
      ),
      combine: 'sum',
      max: 1,
    },
    {
      title: 'Processes',
      kind: 'line',
      unit: 'count',
      queries: each({ node_procs_running: 'Running', node_procs_blocked: 'Blocked' }),
      max: 4,
    },
    {
      title: 'Context switches',
      kind: 'line',
      unit: 'perSecond',
      queries: each({ node_context_switches_total: 'Switches', node_intr_total: 'Interrupts' }, { rate: true }),
      max: 1,
    },
  ],
};

const READY = [HOST, HUB, NODE_EXPORTER] as const;

/** The ready dashboards that a room with these metrics can fill. */
export function readyFor(metrics: ReadonlySet<string>): ReadyDashboard[] {
  return READY.filter(({ tellTales }) => tellTales.every((metric) => metrics.has(metric)));
}
