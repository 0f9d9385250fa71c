import { expect, test } from '@jest/globals';
import { type Dashboard, dashboardFromText, dashboardToText, readDashboard } from './dashboard.js';
import { readDraft, toDraft } from './panel-draft.js';

const PANEL = {
  title: 'CPU – größer',
  kind: 'area',
  queries: [{ series: 'cpu{mode="idle"}', label: 'busy', rate: true, of: 'all', rest: true }],
  unit: 'ratio',
  combine: 'avg',
  by: 'host',
  max: 1,
} as const;
const BOARD: Dashboard = { title: 'Mine', panels: [PANEL, { title: 'Load', kind: 'line', queries: [{ series: 'load1' }] }] };

test('a dashboard comes back from a link as it was, and a broken link gives none', () => {
  const text = dashboardToText(BOARD);
  expect(text).toMatch(/^[\w-]+$/);
  expect(dashboardFromText(text)).toEqual(BOARD);
  for (const broken of ['', '%%', text.slice(0, -9), btoa('{"title":"x"}')]) expect(dashboardFromText(broken)).toBeUndefined();
});

test('what is no dashboard is not taken, and unknown fields are left out', () => {
  expect(readDashboard({ ...BOARD, panels: [{ ...PANEL, kind: 'pie' }] })).toBeUndefined();
  expect(readDashboard({ ...BOARD, panels: [{ ...PANEL, queries: [{ series: 7 }] }] })).toBeUndefined();
  expect(readDashboard({ ...BOARD, panels: Array(101).fill(PANEL) })).toBeUndefined();
  expect(readDashboard({ ...BOARD, more: 1, panels: [{ ...PANEL, unit: 'miles', more: 1 }] })?.panels[0]).toEqual({
    ...PANEL,
    unit: undefined,
  });
});

test('a panel that is edited keeps what the fields do not show', () => {
  expect(readDraft(toDraft(PANEL))).toEqual({ spec: PANEL });
  const changed = readDraft({ ...toDraft(PANEL), series: 'cpu{mode="idle"}\n\n load1 ', rate: false });
  expect(changed).toMatchObject({ spec: { queries: [{ series: 'cpu{mode="idle"}', of: 'all', rest: true }, { series: 'load1' }] } });
});

test('what is wrong with a panel is told by field', () => {
  expect(readDraft({ ...toDraft(), max: 'x' })).toEqual({
    errors: { title: 'Fill this in.', series: 'Name at least one series.', max: 'This is no number.' },
  });
  expect(readDraft({ ...toDraft(PANEL), series: 'cpu{mode=' })).toMatchObject({ errors: { series: expect.stringContaining('cpu{mode=') } });
});
