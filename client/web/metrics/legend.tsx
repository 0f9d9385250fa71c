import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Columns } from './align.js';
import type { Panel } from './panels.js';
import { formatValue } from './units.js';

export interface LegendHandle {
  /** The columns that were just drawn. */
  latest(columns: Columns): void;
  /** Shows the values at an index of them; null: the newest again. */
  show(index: number | null): void;
}

/** The names of a chart's lines, with their values under the cursor, else the newest ones. */
export function Legend({ panel, handle }: { panel: Panel; handle: RefObject<LegendHandle | null> }) {
  const list = useRef<HTMLUListElement>(null);
  const lines = panel.series.map(({ name }) => name).join('\n');
  useEffect(() => {
    let columns: Columns = [[]];
    let cursor: number | null = null;
    const write = () => {
      const outputs = list.current?.querySelectorAll<HTMLElement>('[data-value]') ?? [];
      outputs.forEach((output, index) => {
        const value = valueAt(columns, index, cursor);
        const text = value === undefined ? '–' : formatValue(value, panel.unit);
        if (output.textContent !== text) output.textContent = text;
      });
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
  }, [lines]);
  return (
    <ul class="legend" ref={list}>
      {panel.series.map(({ name, label }, index) => (
        <li key={name} title={name}>
          <span class={`legend-mark series-${index}`} aria-hidden="true" />
          <span class="legend-label">{label}</span>
          <span class="numbers" data-value data-testid="legend-value" />
        </li>
      ))}
    </ul>
  );
}

/** Seconds after which a last value is no longer one of now. */
const STALE_S = 15;

/** The value at an index, or the last one before it; without an index the newest, unless the series fell silent. */
function valueAt([times, ...columns]: Columns, series: number, index: number | null): number | undefined {
  const column = columns[series] ?? [];
  for (let at = index ?? column.length - 1; at >= 0; at--) {
    const value = column[at];
    if (typeof value === 'number') return times.at(-1)! - times[at]! > STALE_S && index === null ? undefined : value;
    if (value === null && index !== null) return undefined;
  }
  return undefined;
}
