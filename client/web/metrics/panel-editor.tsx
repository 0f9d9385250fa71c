import { useId, useMemo, useState } from 'preact/hooks';
import { Dialog } from '../ui/dialog.js';
import { Segments } from '../ui/segments.js';
import { COMBINATIONS, type Combination, PANEL_KINDS, type PanelKind, type PanelSpec } from './dashboard.js';
import { type PanelDraft, readDraft, toDraft } from './panel-draft.js';
import { panelOf } from './panels.js';
import type { SeriesIndex } from './series-index.js';
import { UNIT_NAMES, UNITS, type Unit } from './units.js';

const KIND_NAMES: Readonly<Record<PanelKind, string>> = {
  line: 'Lines',
  area: 'Areas',
  stat: 'Number',
  gauge: 'Gauge',
  heatmap: 'Heatmap',
};
const COMBINATION_NAMES: Readonly<Record<Combination, string>> = { sum: 'Their sum', avg: 'Their mean', max: 'The highest' };

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
      <div class="field-row">
        <label class="field">
          <span>Several series as</span>
          <select class="input" value={draft.combine} onChange={(event) => set({ combine: event.currentTarget.value as Combination | '' })}>
            <option value="">One line each</option>
            {COMBINATIONS.map((one) => (
              <option key={one} value={one}>
                {COMBINATION_NAMES[one]}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>for each value of the label</span>
          <input
            class="input"
            value={draft.by}
            disabled={draft.combine === ''}
            onInput={(event) => set({ by: event.currentTarget.value })}
          />
        </label>
      </div>
      <div class="field-row">
        <label class="field">
          <span>Unit</span>
          <select class="input" value={draft.unit} onChange={(event) => set({ unit: event.currentTarget.value as Unit | '' })}>
            <option value="">As the name tells</option>
            {UNITS.map((unit) => (
              <option key={unit} value={unit}>
                {UNIT_NAMES[unit]}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>Axis or gauge ends at</span>
          <input
            class="input"
            inputMode="decimal"
            value={draft.max}
            placeholder="as it comes"
            onInput={(event) => set({ max: event.currentTarget.value })}
          />
          <span class="error-text">{errors.max}</span>
        </label>
      </div>
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

interface SeriesFieldProps {
  draft: PanelDraft;
  index: SeriesIndex;
  error: string | undefined;
  /** Lines that the panel would have. */
  matched: number | undefined;
  onChange: (change: Partial<PanelDraft>) => void;
}

/** One pattern per line, and a list of the room's metrics to add from. */
function SeriesField({ draft, index, error, matched, onChange }: SeriesFieldProps) {
  const id = useId();
  const add = (metric: string) => onChange({ series: [draft.series.trim(), metric].filter((text) => text !== '').join('\n') });
  return (
    <div class="field">
      <span id={id}>Series</span>
      <textarea
        class="input code"
        rows={3}
        aria-labelledby={id}
        value={draft.series}
        placeholder={'cpu_percent\nnet_*{device="eth0"}'}
        onInput={(event) => onChange({ series: event.currentTarget.value })}
        data-testid="panel-series"
      />
      <select class="input" aria-label="Add a metric" value="" onChange={(event) => add(event.currentTarget.value)}>
        <option value="">Add a metric of this room …</option>
        {[...index.metrics].sort().map((metric) => (
          <option key={metric} value={metric}>
            {metric}
          </option>
        ))}
      </select>
      <span class={error ? 'error-text' : 'hint'} data-testid="panel-matches">
        {error ??
          `One pattern per line, * for any characters. ${matched === undefined ? '' : `Matches ${matched} ${matched === 1 ? 'line' : 'lines'}.`}`}
      </span>
    </div>
  );
}
