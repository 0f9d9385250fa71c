import { fullTime } from '../lib/format.js';
import { Icon } from '../ui/icon.js';
import { useCopy } from '../ui/use-copy.js';
import { fieldTexts } from './line-segments.js';
import type { HeldLine } from './log-tail.js';

interface LogDetailProps {
  held: HeldLine;
  onClose: () => void;
  /** Shows only the lines that have the field as it is here, or only those that do not. */
  onFilter: (name: string, value: string, absent: boolean) => void;
}

/** One line with everything it carries, its text unbroken. */
export function LogDetail({ held, onClose, onFilter }: LogDetailProps) {
  const { line, time } = held;
  const copy = useCopy();
  const fields = [...(line.source ? [['source', line.source] as const] : []), ...fieldTexts(line)];
  return (
    <section class="log-detail scrolls" aria-label="The chosen line" data-testid="log-detail">
      <div class="log-detail-head">
        <pre>{line.text}</pre>
        <button type="button" class="icon-button" aria-label="Copy the line as JSON" onClick={() => void copy(JSON.stringify(line))}>
          <Icon name="copy" />
        </button>
        <button type="button" class="icon-button" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      <dl>
        <div>
          <dt>time</dt>
          <dd>{fullTime(time)}</dd>
        </div>
        <div>
          <dt>level</dt>
          <dd>{line.level ?? '–'}</dd>
        </div>
        {fields.map(([name, value]) => (
          <div key={name} data-testid="log-field">
            <dt>{name}</dt>
            <dd>
              {value}
              <button
                type="button"
                class="field-filter"
                onClick={() => onFilter(name, value, false)}
                aria-label={`Only lines with this ${name}`}
              >
                only
              </button>
              <button
                type="button"
                class="field-filter"
                onClick={() => onFilter(name, value, true)}
                aria-label={`No lines with this ${name}`}
              >
                without
              </button>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
