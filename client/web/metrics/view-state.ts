import { EVERYTHING, type SeriesChoice } from './series-index.js';
import { SPANS, type TimeView } from './time-view.js';

/** How a metric room is shown, as far as an address tells it. */
export interface ViewState {
  readonly view: TimeView;
  readonly choice: SeriesChoice;
  /** The dashboard's id; undefined: the first one. */
  readonly dashboard: string | undefined;
}

const FIRST_SPAN = 5 * 60_000;
const LABEL = 'label.';

export function readViewState(query: URLSearchParams): ViewState {
  const wished = Number(query.get('span'));
  const spanMs = SPANS.find(([span]) => span === wished)?.[0] ?? FIRST_SPAN;
  const [from, to] = [Number(query.get('from')), Number(query.get('to'))];
  const labels = [...query].filter(([key]) => key.startsWith(LABEL)).map(([key, value]) => [key.slice(LABEL.length), value]);
  return {
    view: from > 0 && to > from ? { kind: 'still', from, to, spanMs } : { kind: 'live', spanMs },
    choice: { labels: Object.fromEntries(labels), name: query.get('name') ?? EVERYTHING.name },
    dashboard: query.get('dash') ?? undefined,
  };
}

/** What is as it is without an address' help is left out of it. */
export function writeViewState({ view, choice, dashboard }: ViewState): URLSearchParams {
  const query = new URLSearchParams();
  if (dashboard !== undefined) query.set('dash', dashboard);
  if (view.spanMs !== FIRST_SPAN) query.set('span', `${view.spanMs}`);
  if (view.kind === 'still') {
    query.set('from', `${Math.round(view.from)}`);
    query.set('to', `${Math.round(view.to)}`);
  }
  for (const [label, value] of Object.entries(choice.labels)) query.set(`${LABEL}${label}`, value);
  if (choice.name !== '') query.set('name', choice.name);
  return query;
}
