import { useRef } from 'preact/hooks';
import type { Columns } from './align.js';
import { setText } from './legend.js';
import { lineValue } from './line-value.js';
import type { Panel } from './panels.js';
import { formatValue } from './units.js';
import { type DrawingProps, useDrawing } from './use-drawing.js';

const TICKS = 240;
/** Shares of the whole from which a value asks for attention. */
const WARN = 0.75;
const BAD = 0.9;

/** The newest value of each line as a part of a whole. The arc is turned into sight, which costs no layout. */
export function Gauge(props: DrawingProps) {
  const { panel } = props;
  const place = useRef<HTMLDivElement>(null);
  useDrawing(place, props, TICKS, (target) => ({
    draw(columns: Columns) {
      const full = fullScale(panel, columns);
      return () =>
        target.querySelectorAll<HTMLElement>('.gauge').forEach((gauge, line) => {
          show(gauge, lineValue(columns, line, null), full, panel);
        });
    },
  }));
  return (
    <div class="gauges" ref={place}>
      {panel.lines.map(({ key, label }) => (
        <div key={key} class="gauge">
          <svg viewBox="0 0 120 62" aria-hidden="true">
            <path class="gauge-track" d="M10 61a50 50 0 0 1 100 0" />
            <path class="gauge-value" d="M10 61a50 50 0 0 1 100 0" />
          </svg>
          <strong class="numbers" data-testid="gauge-value">
            –
          </strong>
          <span class="muted">{label}</span>
        </div>
      ))}
    </div>
  );
}

/** @param value undefined: there is none yet */
function show(gauge: HTMLElement, value: number | undefined, full: number, { unit }: Panel): void {
  const share = value === undefined || full <= 0 ? 0 : Math.min(1, Math.max(0, value / full));
  gauge.dataset.tone = toneOf(share);
  gauge.querySelector<SVGElement>('.gauge-value')!.style.transform = `rotate(${(share - 1) * 180}deg)`;
  setText(gauge.querySelector('strong')!, value === undefined ? '–' : formatValue(value, unit));
}

function toneOf(share: number): 'good' | 'warn' | 'bad' {
  if (share >= BAD) return 'bad';
  return share >= WARN ? 'warn' : 'good';
}

/** What fills a gauge: what the panel says, what its unit says, or the highest value in sight. */
function fullScale({ max, unit }: Panel, [, ...lines]: Columns): number {
  if (max !== undefined) return max;
  if (unit === 'percent') return 100;
  if (unit === 'ratio') return 1;
  return Math.max(0, ...lines.flat().filter((value) => typeof value === 'number'));
}
