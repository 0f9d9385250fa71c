import { useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { Columns } from './align.js';
import { seriesColours, sparkline } from './chart-options.js';
import { setText } from './legend.js';
import { lineValue } from './line-value.js';
import { formatValue } from './units.js';
import { type DrawingProps, useDrawing } from './use-drawing.js';

const SPARK_PX = 48;
const TICKS = 240;

/** The newest value of each line in large, over the course of the first one. */
export function Stat(props: DrawingProps) {
  const { panel } = props;
  const place = useRef<HTMLDivElement>(null);
  const numbers = useRef<HTMLDListElement>(null);
  const drawn = panel.lines.length === 1 && panel.unit !== 'date';
  useDrawing(place, props, TICKS, (target) => {
    const size = { width: target.clientWidth, height: SPARK_PX };
    const chart = drawn ? new uPlot(sparkline(size, seriesColours(target)), [[]], target) : undefined;
    return {
      draw(columns: Columns, { from, to }) {
        chart?.batch(() => {
          chart.setData(columns, false);
          chart.setScale('x', { min: from / 1000, max: to / 1000 });
        });
        return () =>
          numbers.current?.querySelectorAll('dd').forEach((output, line) => {
            const value = lineValue(columns, line, null);
            setText(output, value === undefined ? '–' : formatValue(value, panel.unit));
          });
      },
      resize: (width) => chart?.setSize({ width, height: SPARK_PX }),
      stop: () => chart?.destroy(),
    };
  });
  return (
    <div class="stat">
      <dl ref={numbers} class={panel.lines.length > 1 ? 'several' : ''}>
        {panel.lines.map(({ key, label }) => (
          <div key={key}>
            <dt class="muted">{label}</dt>
            <dd class="numbers" data-testid="stat-value" />
          </div>
        ))}
      </dl>
      <div class="spark" ref={place} aria-hidden="true" />
    </div>
  );
}
