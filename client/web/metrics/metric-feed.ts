import type { RoomName } from '../../../shared/rooms.js';
import type { Hub, HubError, NamedFrame } from '../../sdk/roomcast.js';
import type { HttpApi } from '../http-api.js';
import { createStore, type Store } from '../lib/store.js';
import { between } from './align.js';
import { loadHistory, RangeHistory, type Wanted } from './range-history.js';
import { NO_POINTS, type Points, SeriesBuffer } from './series-buffer.js';
import type { TimeRange } from './time-view.js';

/** The span of live values that is kept; what is older is asked from the hub. */
const KEPT_MS = 15 * 60_000;
/** Values of one series kept at most: that span at four a second. */
const SERIES_POINTS = 3600;
/** Series of one room kept at most; the charts of a page show fewer. */
const ROOM_SERIES = 5000;
/** The values of a metric room, live, and as far back as the hub has them. */
export interface MetricFeed {
  /** Names of the series, in order of arrival; another array only when there are other ones. */
  readonly names: Store<readonly string[]>;
  readonly state: Store<{ kind: 'joining' } | { kind: 'live' } | { kind: 'refused'; error: HubError }>;
  /** What is known of a series over a range, and one value before it. */
  points(name: string, range: TimeRange): Points;
  /** Time of the newest value, in the publisher's milliseconds since 1970; the page's own time where there is none. */
  newest(): number;
  /** Whether the live values, or what was loaded, reach back to a range's start. */
  reaches(range: TimeRange, wanted: readonly Wanted[]): boolean;
  /** Asks the hub for a range's past; a later call takes the place of one that is under way. Rejects with HubError. */
  load(range: TimeRange, wanted: readonly Wanted[]): Promise<void>;
  onChange(listener: () => void): () => void;
  leave(): void;
}

export function joinMetricRoom(hub: Hub, http: HttpApi, room: RoomName): MetricFeed {
  const source = hub.metrics(room, { binary: true });
  const series = new Map<string, SeriesBuffer>();
  let history = new RangeHistory();
  const listeners = new Set<() => void>();
  const names = createStore<readonly string[]>([]);
  const state: MetricFeed['state'] = createStore({ kind: 'joining' });
  let newest = 0;
  let oldest = Number.POSITIVE_INFINITY;
  let loads = 0;

  const bufferOf = (name: string): SeriesBuffer | undefined => {
    const known = series.get(name);
    if (known || series.size >= ROOM_SERIES) return known;
    const buffer = new SeriesBuffer(KEPT_MS, SERIES_POINTS);
    series.set(name, buffer);
    return buffer;
  };
  const take = ({ t, names: columns, values, ago }: NamedFrame) => {
    columns.forEach((name, i) => {
      bufferOf(name)?.put(t - (ago?.[i] ?? 0), values[i]!);
    });
    newest = Math.max(newest, t);
  };
  const changed = () => {
    oldest = Number.POSITIVE_INFINITY;
    for (const [name, { t }] of series) {
      if (t.at(-1)! < newest - KEPT_MS) series.delete(name);
      else oldest = Math.min(oldest, t[0]!);
    }
    const known = names.get();
    if (series.size !== known.length || known.some((name) => !series.has(name))) names.set([...series.keys()]);
    for (const listener of listeners) listener();
  };

  source.on('snapshot', ({ backfill }) => {
    state.set({ kind: 'live' });
    // After a pause there may be a hole between what was known and this: the past is asked for again.
    series.clear();
    history = new RangeHistory();
    for (const row of backfill) take(row);
    for (const [name, { t, value }] of source.latest) {
      bufferOf(name)?.put(t, value);
      newest = Math.max(newest, t);
    }
    changed();
  });
  source.on('frame', (frame) => {
    take(frame);
    changed();
  });
  source.on('error', (error) => state.set({ kind: 'refused', error }));
  source.ready.catch((error: HubError) => state.set({ kind: 'refused', error }));

  return {
    names,
    state,
    points(name, range) {
      const live = series.get(name) ?? NO_POINTS;
      if (live.t.length > 0 && live.t[0]! <= range.from) return between(live, range.from, range.to);
      return between(history.before(name, live), range.from, range.to);
    },
    newest: () => newest || Date.now(),
    reaches: ({ from, to }, wanted) => oldest <= from || history.covers({ from, to: Math.min(to, oldest) }, wanted),
    async load(range, wanted) {
      const load = ++loads;
      const loaded = await loadHistory(http, room, range, wanted);
      if (load !== loads) return;
      history = loaded;
      for (const listener of listeners) listener();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    leave() {
      loads++;
      listeners.clear();
      source.leave();
    },
  };
}
