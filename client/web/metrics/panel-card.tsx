import type { ComponentType } from 'preact';
import { memo } from '../lib/memo.js';
import { Icon } from '../ui/icon.js';
import type { PanelKind } from './dashboard.js';
import { Gauge } from './gauge.js';
import { Heatmap } from './heatmap.js';
import { LineChart } from './line-chart.js';
import type { Panel } from './panels.js';
import { Stat } from './stat.js';
import type { DrawingProps } from './use-drawing.js';

const KINDS: Readonly<Record<PanelKind, ComponentType<DrawingProps>>> = {
  line: LineChart,
  area: LineChart,
  stat: Stat,
  gauge: Gauge,
  heatmap: Heatmap,
};

/** Numbers and gauges that need half of a chart's width. */
const isSmall = ({ kind, lines }: Panel): boolean => (kind === 'stat' || kind === 'gauge') && lines.length <= 2;

/** One panel of a dashboard; a key typed into the filter renders those that it changes. What it calls does the same however old it is. */
export const PanelCard = memo(
  function PanelCard({ onEdit, ...drawing }: DrawingProps & { onEdit: () => void }) {
    const { panel } = drawing;
    const Kind = KINDS[panel.kind];
    return (
      <figure
        class={`card chart kind-${panel.kind} ${isSmall(panel) ? 'small' : ''}`}
        aria-label={panel.title}
        data-testid="chart"
        data-panel={panel.title}
      >
        <figcaption class="chart-head">
          <h2>{panel.title}</h2>
          {panel.left > 0 && <span class="muted">{panel.left} more not shown</span>}
          <button type="button" class="icon-button chart-edit" aria-label={`Edit ${panel.title}`} onClick={onEdit} data-testid="panel-edit">
            <Icon name="edit" />
          </button>
        </figcaption>
        {panel.lines.length === 0 ? <p class="muted no-series">No series of this room matches.</p> : <Kind {...drawing} />}
      </figure>
    );
  },
  (before, after) =>
    before.panel === after.panel && before.feed === after.feed && before.board === after.board && before.theme === after.theme,
);
