import { readJson, writeJson } from '../settings.js';
import { type Dashboard, dashboardFromText, readDashboard } from './dashboard.js';
import { everyMetric } from './panels.js';
import { readyFor } from './ready-dashboards.js';
import type { SeriesIndex } from './series-index.js';

const KEY = 'roomcast.dashboards';

/** The dashboard that this browser keeps for a room. */
export function keptDashboard(room: string): Dashboard | undefined {
  return readDashboard(readJson(KEY)[room]);
}

/** Keeps a room's dashboard in this browser; undefined forgets it. */
export function keepDashboard(room: string, dashboard: Dashboard | undefined): void {
  const { [room]: _, ...others } = readJson(KEY);
  writeJson(KEY, dashboard ? { ...others, [room]: dashboard } : others);
}

/** A dashboard to choose, by an id that an address can have. */
export interface Choice {
  readonly id: string;
  readonly dashboard: Dashboard;
}

export const OWN = 'own';
export const SHARED = 'shared';
const EVERY = 'all';

/** What can be shown of a room, the first one unless something else is chosen. */
export function choicesFor(index: SeriesIndex, own: Dashboard | undefined, shared: Dashboard | undefined): Choice[] {
  return [
    ...(shared ? [{ id: SHARED, dashboard: { ...shared, title: 'From the link' } }] : []),
    ...(own ? [{ id: OWN, dashboard: own }] : []),
    ...readyFor(index.metrics).map(({ id, title, panels }) => ({ id, dashboard: { title, panels } })),
    { id: EVERY, dashboard: { title: 'All series', panels: everyMetric(index) } },
  ];
}

export const sharedDashboard = (query: URLSearchParams): Dashboard | undefined => dashboardFromText(query.get('board') ?? '');
