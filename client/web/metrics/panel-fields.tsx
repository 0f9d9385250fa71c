import { useId } from 'preact/hooks';
import { COMBINATIONS, type Combination } from './dashboard.js';
import type { PanelDraft } from './panel-draft.js';
import type { SeriesIndex } from './series-index.js';
import { UNIT_NAMES, UNITS, type Unit } from './units.js';

const COMBINATION_NAMES: Readonly<Record<Combination, string>> = { sum: 'Their sum', avg: 'Their mean', max: 'The highest' };

interface FieldProps {
  draft: PanelDraft;
  onChange: (change: Partial<PanelDraft>) => void;
}

interface SeriesFieldProps extends FieldProps {
  index: SeriesIndex;
  error: string | undefined;
  /** Lines that the panel would have. */
  matched: number | undefined;
}

/** One pattern per line, and a list of the room's metrics to add from. */
export function SeriesField({ draft, index, error, matched, onChange }: SeriesFieldProps) {
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

/** What several series of a panel become together. */
export function CombinationFields({ draft, onChange }: FieldProps) {
  return (
    <div class="field-row">
      <label class="field">
        <span>Several series as</span>
        <select
          class="input"
          value={draft.combine}
          onChange={(event) => onChange({ combine: event.currentTarget.value as Combination | '' })}
        >
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
          onInput={(event) => onChange({ by: event.currentTarget.value })}
        />
      </label>
    </div>
  );
}

/** What a panel's numbers are of, and where they end. */
export function ScaleFields({ draft, error, onChange }: FieldProps & { error: string | undefined }) {
  return (
    <div class="field-row">
      <label class="field">
        <span>Unit</span>
        <select class="input" value={draft.unit} onChange={(event) => onChange({ unit: event.currentTarget.value as Unit | '' })}>
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
          onInput={(event) => onChange({ max: event.currentTarget.value })}
        />
        <span class="error-text">{error}</span>
      </label>
    </div>
  );
}
