import type { PanelSpec } from './panels.js';

/** The charts of the hub's own metric rooms, by the names its samplers give. */
export const KNOWN_PANELS: Readonly<Record<string, readonly PanelSpec[]>> = {
  'metrics:hub': [
    {
      title: 'Event loop lag',
      unit: 'milliseconds',
      metrics: ['event_loop_lag_p50_ms', 'event_loop_lag_p99_ms', 'event_loop_lag_max_ms'],
      label: ({ name }) => name.split('_')[3]!,
    },
  ],
};
