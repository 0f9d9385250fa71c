import { useMemo, useState } from 'preact/hooks';
import { Dialog } from '../ui/dialog.js';
import { Segments } from '../ui/segments.js';
import { PANEL_KINDS, type PanelKind, type PanelSpec } from './dashboard.js';
import { type PanelDraft, readDraft, toDraft } from './panel-draft.js';
import { CombinationFields, ScaleFields, SeriesField } from './panel-fields.js';
import { panelOf } from './panels.js';
import type { SeriesIndex } from './series-index.js';

const KIND_NAMES: Readonly<Record<PanelKind, string>> = {
  line: 'Lines',
  area: 'Areas',
  stat: 'Number',
  gauge: 'Gauge',
  heatmap: 'Heatmap',
};

interface PanelEditorProps {
  /** Undefined: a new one. */
  spec: PanelSpec | undefined;
  index: SeriesIndex;
  onSave: (spec: PanelSpec) => void;
  onRemove: () => void;
  /** Moves it by so many places. */
  onMove: (by: -1 | 1) => void;
  onClose: () => void;
}

/** What a panel shows, and how. */
export function PanelEditor({ spec, index, onSave, onRemove, onMove, onClose }: PanelEditorProps) {
  const [draft, setDraft] = useState<PanelDraft>(() => toDraft(spec));
  const set = (change: Partial<PanelDraft>) => setDraft({ ...draft, ...change });
  const read = readDraft(draft);
  const preview = useMemo(() => ('errors' in read ? undefined : panelOf(index, read.spec, '')), [draft, index]);
  const [tried, setTried] = useState(false);
  const errors = tried && 'errors' in read ? read.errors : {};
  const submit = () => {
    setTried(true);
    if ('spec' in read) onSave(read.spec);
  };
  return (
    <Dialog label={spec ? `Edit ${spec.title}` : 'New panel'} onClose={onClose} onSubmit={submit}>
      <h1>{spec ? 'Edit panel' : 'New panel'}</h1>
      <label class="field">
        <span>Title</span>
        <input class="input" value={draft.title} onInput={(event) => set({ title: event.currentTarget.value })} data-testid="panel-title" />
        <span class="error-text">{errors.title}</span>
      </label>
      <div class="field">
        <span>Shown as</span>
        <Segments
          label="Shown as"
          options={PANEL_KINDS.map((kind) => [kind, KIND_NAMES[kind]] as const)}
          value={draft.kind}
          onChange={(kind) => set({ kind })}
        />
      </div>
      <SeriesField draft={draft} index={index} error={errors.series} matched={preview?.lines.length} onChange={set} />
      <label class="check">
        <input
          type="checkbox"
          checked={draft.rate}
          onChange={(event) => set({ rate: event.currentTarget.checked })}
          data-testid="panel-rate"
        />
        <span>Counters: show what they rise by in a second</span>
      </label>
      <CombinationFields draft={draft} onChange={set} />
      <ScaleFields draft={draft} error={errors.max} onChange={set} />
      <div class="actions">
        {spec && (
          <>
            <button type="button" class="button danger" onClick={onRemove} data-testid="panel-remove">
              Remove
            </button>
            <button type="button" class="button" onClick={() => onMove(-1)}>
              Earlier
            </button>
            <button type="button" class="button" onClick={() => onMove(1)}>
              Later
            </button>
            <span class="spacer" />
          </>
        )}
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" class="button primary" data-testid="panel-save">
          Save
        </button>
      </div>
    </Dialog>
  );
}
