import { clockSeconds } from '../lib/format.js';
import { Icon } from '../ui/icon.js';
import { Segments } from '../ui/segments.js';
import { live, SPANS, still, type TimeView, withSpan, zoomBy } from './time-view.js';

interface TimeControlsProps {
  view: TimeView;
  /** The newest value's time. */
  now: () => number;
  onChange: (view: TimeView) => void;
}

/** How much time is shown, and whether it moves. */
export function TimeControls({ view, now, onChange }: TimeControlsProps) {
  const paused = view.kind === 'still';
  return (
    <>
      {paused && (
        <span class="chip numbers" data-testid="time-shown">
          {clockSeconds(view.from)} – {clockSeconds(view.to)}
          <button type="button" class="chip-button" onClick={() => onChange(zoomBy(view, 2, now()))} aria-label="Zoom out" title="Zoom out">
            −
          </button>
        </span>
      )}
      <Segments label="Time shown" options={SPANS} value={view.spanMs} onChange={(spanMs) => onChange(withSpan(view, spanMs))} />
      <button
        type="button"
        class="button small"
        aria-pressed={paused}
        onClick={() => onChange(paused ? live(view) : still(view, now()))}
        data-testid="metrics-pause"
      >
        <Icon name={paused ? 'play' : 'pause'} />
        {paused ? 'Live' : 'Pause'}
      </button>
    </>
  );
}
