import { useId } from 'preact/hooks';

interface SegmentsProps<Value extends string | number> {
  /** Says what is chosen, to those who do not see it. */
  label: string;
  options: readonly (readonly [value: Value, text: string])[];
  value: Value;
  onChange: (value: Value) => void;
}

/** A short row of choices of which one holds: a radio group that arrow keys move through. */
export function Segments<Value extends string | number>({ label, options, value, onChange }: SegmentsProps<Value>) {
  const group = useId();
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = options.findIndex(([option]) => option === value);
    const next = options[(at + step + options.length) % options.length]![0];
    onChange(next);
    document.getElementById(`${group}-${next}`)?.focus();
  };
  return (
    <div class="segments" role="radiogroup" aria-label={label} onKeyDown={move}>
      {options.map(([option, text]) => (
        // biome-ignore lint/a11y/useSemanticElements: native radios cannot be styled as one control without hiding them
        <button
          key={option}
          id={`${group}-${option}`}
          type="button"
          role="radio"
          aria-checked={option === value}
          tabIndex={option === value ? 0 : -1}
          onClick={() => onChange(option)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}
