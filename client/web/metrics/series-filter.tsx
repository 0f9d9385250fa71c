import { Menu } from '../ui/menu.js';
import { EVERYTHING, type SeriesChoice, type SeriesIndex } from './series-index.js';

/** Values of a label that are still chosen from a list. */
const LABEL_VALUES = 60;

interface SeriesFilterProps {
  /** All series of the room. */
  index: SeriesIndex;
  choice: SeriesChoice;
  onChange: (choice: SeriesChoice) => void;
}

/** Chooses series by what their labels say, and metrics by a part of their name. */
export function SeriesFilter({ index, choice, onChange }: SeriesFilterProps) {
  const chosen = Object.entries(choice.labels).map(([label, value]) => `${label}=${value}`);
  const parts = [...(choice.name ? [choice.name] : []), ...chosen];
  const choose = (label: string, value: string) => {
    const { [label]: _, ...others } = choice.labels;
    onChange({ ...choice, labels: value === '' ? others : { ...others, [label]: value } });
  };
  return (
    <Menu icon="search" label={parts.join(', ') || 'Filter'} testId="series-filter" active={parts.length > 0}>
      <label class="field">
        <span>Metrics with this in their name</span>
        <input
          class="input"
          type="search"
          value={choice.name}
          onInput={(event) => onChange({ ...choice, name: event.currentTarget.value.toLowerCase() })}
          data-testid="filter-name"
        />
      </label>
      {[...index.labels(LABEL_VALUES)].map(([label, values]) => (
        <label class="field" key={label}>
          <span>{label}</span>
          <select
            class="input"
            value={choice.labels[label] ?? ''}
            onChange={(event) => choose(label, event.currentTarget.value)}
            data-testid={`filter-label-${label}`}
          >
            <option value="">any</option>
            {values.map((value) => (
              <option key={value} value={value}>
                {value}
              </option>
            ))}
          </select>
        </label>
      ))}
      <button type="button" class="button small" disabled={parts.length === 0} onClick={() => onChange(EVERYTHING)}>
        Show everything
      </button>
    </Menu>
  );
}
