import type { PanelSpec } from './panels.js';

/** The charts of the hub's own metric rooms, by the names its samplers give. */
export const KNOWN_PANELS: Readonly<Record<string, readonly PanelSpec[]>> = {};
