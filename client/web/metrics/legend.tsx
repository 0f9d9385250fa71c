import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { clockSeconds } from '../lib/format.js';
import type { Columns } from './align.js';
import { lineValue } from './line-value.js';
import type { Panel } from './panels.js';
import { formatValue } from './units.js';

export interface LegendHandle {
  /** The columns that were just drawn. */
  latest(columns: Columns): void;
  /** Shows the values at an index of them; null: the newest again. */
  show(index: number | null): void;
}

interface LegendProps {
  panel: Panel;
  handle: RefObject<LegendHandle | null>;
  /** The line that is shown alone. */
  only: string | undefined;
  onChoose: (key: string) => void;
}

/** The names of a chart's lines, with their values under the cursor, else the newest ones. A line that is clicked is shown alone. */
export function Legend({ panel, handle, only, onChoose }: LegendProps) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    let columns: Columns = [[]];
    let cursor: number | null = null;
    const write = () => {
      const outputs = list.current?.querySelectorAll<HTMLElement>('[data-value]') ?? [];
      outputs.forEach((output, line) => {
        const value = lineValue(columns, line, cursor);
        setText(output, value === undefined ? '–' : formatValue(value, panel.unit));
      });
      const time = cursor === null ? undefined : columns[0][cursor];
      const clock = list.current?.querySelector<HTMLElement>('[data-time]');
      if (clock) setText(clock, time === undefined ? '' : clockSeconds(time * 1000));
    };
    handle.current = {
      latest(drawn) {
        columns = drawn;
        write();
      },
      show(index) {
        cursor = index;
        write();
      },
    };
    write();
    return () => {
      handle.current = null;
    };
  }, [panel]);
  return (
    <ul class="legend" ref={list}>
      {panel.lines.map(({ key, label, sources }, index) => (
        <li key={key} class={only !== undefined && only !== key ? 'faded' : ''}>
          <button
            type="button"
            aria-pressed={only === key}
            title={sources.length === 1 ? sources[0]!.name : `${sources.length} series`}
            onClick={() => onChoose(key)}
          >
            <span class={`legend-mark series-${index % 8}`} aria-hidden="true" />
            <span class="legend-label">{label}</span>
            <span class="numbers" data-value data-testid="legend-value" />
          </button>
        </li>
      ))}
      <li class="legend-time numbers muted" data-time />
    </ul>
  );
}

/** Writes a text unless it stands there: the page is laid out anew for nothing else. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
