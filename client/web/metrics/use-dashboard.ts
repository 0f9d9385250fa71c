import { useMemo, useRef, useState } from 'preact/hooks';
import type { Dashboard, PanelSpec } from './dashboard.js';
import { type Choice, choicesFor, keepDashboard, keptDashboard, OWN } from './dashboard-choice.js';
import { type Panel, panelsOf } from './panels.js';
import type { SeriesIndex } from './series-index.js';

interface DashboardOptions {
  /** The room's name after the colon. */
  readonly room: string;
  /** All series of the room, which tell what dashboards there are, and those that are chosen. */
  readonly whole: SeriesIndex;
  readonly index: SeriesIndex;
  /** The dashboard that came with the address. */
  readonly shared: Dashboard | undefined;
  /** The id of the one to show. */
  readonly chosen: string | undefined;
  readonly onChoose: (id: string | undefined) => void;
}

/** The panel that is being edited, and what may become of it. */
interface Edited {
  readonly at: number;
  readonly spec: PanelSpec | undefined;
  onSave(spec: PanelSpec): void;
  onRemove(): void;
  onMove(by: -1 | 1): void;
  onClose(): void;
}

export interface ShownDashboard {
  readonly choices: readonly Choice[];
  readonly shown: Choice;
  readonly panels: readonly Panel[];
  readonly edited: Edited | undefined;
  /** Opens the editor, for a new panel without an index. */
  edit(at?: number): void;
  /** Keeps what is shown as this browser's own; undefined forgets the own one. */
  keep(dashboard: Dashboard | undefined): void;
}

/** The dashboard of a room: a ready one, all series, or the own one, which any change of a panel makes. */
export function useDashboard({ room, whole, index, shared, chosen, onChoose }: DashboardOptions): ShownDashboard {
  const [own, setOwn] = useState(() => keptDashboard(room));
  const [editing, setEditing] = useState<{ at: number } | undefined>();
  const choices = useMemo(() => choicesFor(whole, own, shared), [whole, own, shared]);
  const shown = choices.find(({ id }) => id === chosen) ?? choices[0]!;
  const panels = usePanels(index, shown);
  const keep = (dashboard: Dashboard | undefined) => {
    keepDashboard(room, dashboard);
    setOwn(dashboard);
    onChoose(dashboard && OWN);
    setEditing(undefined);
  };
  const change = (next: PanelSpec[]) => keep({ title: 'My dashboard', panels: next });
  const specs = panels.map(({ spec }) => spec);
  return {
    choices,
    shown,
    panels,
    keep,
    edit: (at = panels.length) => setEditing({ at }),
    edited: editing && {
      at: editing.at,
      spec: specs[editing.at],
      onSave: (spec) => change(specs.toSpliced(editing.at, 1, spec)),
      onRemove: () => change(specs.toSpliced(editing.at, 1)),
      onMove: (by) => change(moved(specs, editing.at, by)),
      onClose: () => setEditing(undefined),
    },
  };
}

function moved(specs: readonly PanelSpec[], at: number, by: -1 | 1): PanelSpec[] {
  const to = Math.max(0, Math.min(specs.length - 1, at + by));
  return specs.toSpliced(at, 1).toSpliced(to, 0, specs[at]!);
}

/** The panels, each the same object until something of it changes, so that only that one is built anew. */
function usePanels(index: SeriesIndex, { id, dashboard }: Choice): readonly Panel[] {
  const before = useRef(new Map<string, Panel>());
  return useMemo(() => {
    const all = panelsOf(index, dashboard).filter(({ lines }) => id === OWN || lines.length > 0);
    const kept = all.map((panel) => before.current.get(JSON.stringify(panel)) ?? panel);
    before.current = new Map(kept.map((panel) => [JSON.stringify(panel), panel]));
    return kept;
  }, [index, id, dashboard]);
}
