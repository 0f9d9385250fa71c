import type { LogLine } from '../../../shared/schemas.js';
import { clockSeconds } from '../lib/format.js';
import { fieldTexts, segmentsOf } from './line-segments.js';
import type { HeldLine } from './log-tail.js';

interface LogRowProps {
  held: HeldLine;
  /** Words to mark, in lower case. */
  words: readonly string[];
  selected: boolean;
  onSelect: (held: HeldLine) => void;
}

/** Fields that a row has room for; the detail has all. */
const ROW_FIELDS = 8;

/** In one text: a row is laid out the quicker the fewer parts it has. */
const fieldsInRow = (line: LogLine): string =>
  fieldTexts(line)
    .slice(0, ROW_FIELDS)
    .map(([name, value]) => ` ${name}=${value}`)
    .join('');

/** One line in one row. */
export function LogRow({ held, words, selected, onSelect }: LogRowProps) {
  const { line, time } = held;
  return (
    <button
      type="button"
      class={`log-row level-${line.level ?? 'info'}`}
      aria-expanded={selected}
      tabIndex={-1}
      onClick={() => onSelect(held)}
      data-testid="log-line"
    >
      <span class="log-time numbers">{clockSeconds(time)}</span>
      <span class="log-level">{line.level ?? ''}</span>
      <span class="log-text">
        {line.source && <span class="log-source">{line.source} </span>}
        {segmentsOf(line, words).map(({ text, style, marked }) => {
          if (!style && !marked) return text;
          const Tag = marked ? 'mark' : 'span';
          return (
            <Tag class={style?.classes} style={style?.colour && { color: style.colour }}>
              {text}
            </Tag>
          );
        })}
        <span class="log-field">{fieldsInRow(line)}</span>
      </span>
    </button>
  );
}
