import type uPlot from 'uplot';
import { type TimeRange, zoomBy } from './time-view.js';

/** Factor of one press. */
const ZOOM = 2;

/** Moves a chart's cursor by one value, or zooms, as a key says. */
export function moveCursor(event: KeyboardEvent, chart: uPlot, onZoom: (range?: TimeRange) => void): void {
  const { key } = event;
  const range = { from: (chart.scales.x?.min ?? 0) * 1000, to: (chart.scales.x?.max ?? 0) * 1000 };
  if (key === 'ArrowLeft' || key === 'ArrowRight') stepTo(chart, key === 'ArrowLeft' ? -1 : 1);
  else if (key === '+' || key === '=') onZoom(scaled(range, 1 / ZOOM));
  else if (key === '-') onZoom(scaled(range, ZOOM));
  else if (key === 'Escape') onZoom();
  else return;
  event.preventDefault();
}

function stepTo(chart: uPlot, step: number): void {
  const [times] = chart.data;
  const at = Math.max(0, Math.min(times.length - 1, (chart.cursor.idx ?? times.length) + step));
  const time = times[at];
  if (time !== undefined) (chart.setCursor as SetCursor)({ left: chart.valToPos(time, 'x'), top: 0 }, true, true);
}

/** As it is in uPlot 1.6; its types leave out the last one, which moves the cursors of the other charts. */
type SetCursor = (place: { left: number; top: number }, fire: boolean, publish: boolean) => void;

function scaled({ from, to }: TimeRange, factor: number): TimeRange {
  const view = zoomBy({ kind: 'still', from, to, spanMs: to - from }, factor, to);
  return view.kind === 'still' ? view : { from, to };
}
