import type { RoomSpec } from './panels.js';

/** The charts of the hub's own metric rooms, by the names that its samplers give. */
export const KNOWN_ROOMS: Readonly<Record<string, RoomSpec>> = {
  'metrics:host': {
    panels: [
      { title: 'CPU', unit: 'percent', metrics: { cpu_percent: 'All cores' }, atLeast: 100 },
      { title: 'CPU by core', unit: 'percent', metrics: { cpu_core_percent: 'Core' }, atLeast: 100 },
      {
        title: 'Memory',
        unit: 'bytes',
        metrics: { memory_used_bytes: 'Used', memory_available_bytes: 'Available', swap_used_bytes: 'Swap' },
      },
      { title: 'Load', unit: 'count', metrics: { load1: '1 min', load5: '5 min', load15: '15 min' }, atLeast: 1 },
      {
        title: 'Network',
        unit: 'bytesPerSecond',
        metrics: { network_receive_bytes_per_second: 'In', network_transmit_bytes_per_second: 'Out' },
        atLeast: 1024,
      },
      {
        title: 'Disk',
        unit: 'bytesPerSecond',
        metrics: { disk_read_bytes_per_second: 'Read', disk_write_bytes_per_second: 'Written' },
        atLeast: 1024,
      },
    ],
    left: ['memory_total_bytes', 'memory_used_percent', 'swap_total_bytes'],
  },
  'metrics:hub': {
    panels: [
      {
        title: 'Event loop lag',
        unit: 'milliseconds',
        metrics: { event_loop_lag_p50_ms: 'p50', event_loop_lag_p99_ms: 'p99', event_loop_lag_max_ms: 'Max' },
      },
      {
        title: 'Messages',
        unit: 'perSecond',
        metrics: {
          messages_published_per_second: 'Published',
          messages_delivered_per_second: 'Delivered',
          ingested_per_second: 'Ingested',
        },
        atLeast: 1,
      },
      { title: 'Sent', unit: 'bytesPerSecond', metrics: { sent_bytes_per_second: 'Sent' }, atLeast: 1024 },
      {
        title: 'Events',
        unit: 'perSecond',
        metrics: { events_received_per_second: 'Received', refused_per_second: 'Refused' },
        atLeast: 1,
      },
      { title: 'Connections', unit: 'count', metrics: { connections: 'Open', slow_consumers: 'Slow' }, atLeast: 4 },
      { title: 'Rooms', unit: 'count', metrics: { rooms: 'Rooms', subscriptions: 'Subscriptions' }, atLeast: 4 },
      { title: 'Process CPU', unit: 'percent', metrics: { process_cpu_percent: 'CPU' }, atLeast: 10 },
      {
        title: 'Process memory',
        unit: 'bytes',
        metrics: { process_resident_memory_bytes: 'Resident', process_heap_used_bytes: 'Heap used' },
      },
      { title: 'Jobs', unit: 'count', metrics: { jobs_queued: 'Queued', jobs_active: 'Running' }, atLeast: 2 },
    ],
    left: [],
  },
};
