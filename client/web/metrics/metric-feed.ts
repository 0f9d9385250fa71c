import type { RoomName } from '../../../shared/rooms.js';
import type { Hub, HubError, NamedFrame } from '../../sdk/roomcast.js';
import type { HttpApi, MetricRange } from '../http-api.js';
import { createStore, type Store } from '../lib/store.js';
import type { Points } from './series-buffer.js';
import { SeriesBuffer } from './series-buffer.js';

/** The longest window that a chart shows. */
export const LONGEST_MS = 15 * 60_000;
/** Values of one series kept at most: the longest window at four a second. */
const SERIES_POINTS = 3600;
/** Series of one room kept at most; the charts of a page show fewer. */
const ROOM_SERIES = 2000;
/** Distance of the values that a longer window begins with. */
const REACH_STEP_MS = 3000;

/** The recent values of a metric room, live. */
export interface MetricFeed {
  /** Names of the series, in order of arrival; another array only when there are other ones. */
  readonly names: Store<readonly string[]>;
  readonly state: Store<{ kind: 'joining' } | { kind: 'live' } | { kind: 'refused'; error: HubError }>;
  readonly presence: Store<number>;
  points(name: string): Points;
  /** Time of the newest value, in the publisher's milliseconds since 1970. */
  newest(): number;
  /** Asks for what is older than the snapshot, so that the last `ms` are known as far as the hub has them. */
  reachBack(ms: number): Promise<void>;
  onChange(listener: () => void): () => void;
  leave(): void;
}

const NONE: Points = { t: [], v: [] };

export function joinMetricRoom(hub: Hub, http: HttpApi, room: RoomName): MetricFeed {
  const source = hub.metrics(room);
  const series = new Map<string, SeriesBuffer>();
  const listeners = new Set<() => void>();
  const names = createStore<readonly string[]>([]);
  const state: MetricFeed['state'] = createStore({ kind: 'joining' });
  const presence = createStore(0);
  let newest = 0;
  let reached = 0;

  const bufferOf = (name: string): SeriesBuffer | undefined => {
    const known = series.get(name);
    if (known || series.size >= ROOM_SERIES) return known;
    const buffer = new SeriesBuffer(LONGEST_MS, SERIES_POINTS);
    series.set(name, buffer);
    return buffer;
  };
  const take = ({ t, names: columns, values, ago }: NamedFrame & { ago?: readonly number[] }) => {
    columns.forEach((name, i) => {
      bufferOf(name)?.put(t - (ago?.[i] ?? 0), values[i]!);
    });
    newest = Math.max(newest, t);
  };
  /** Only what is older than all that is known of a series: averages must not stand between values. */
  const fillIn = ({ from, stepMs, series: rows }: MetricRange) => {
    for (const { name, values } of rows) {
      const buffer = bufferOf(name);
      const until = buffer?.t[0] ?? Number.POSITIVE_INFINITY;
      values.forEach((value, i) => {
        const t = from + (i + 0.5) * stepMs;
        if (value !== null && t < until) buffer?.put(t, value);
      });
    }
  };
  const changed = () => {
    for (const [name, { t }] of series) if (t.at(-1)! < newest - LONGEST_MS) series.delete(name);
    if (series.size !== names.get().length || names.get().some((name) => !series.has(name))) names.set([...series.keys()]);
    for (const listener of listeners) listener();
  };

  source.on('snapshot', (snapshot) => {
    state.set({ kind: 'live' });
    for (const frame of snapshot.backfill) take(frame);
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
  source.on('presence', ({ count }) => presence.set(count));
  source.on('error', (error) => state.set({ kind: 'refused', error }));
  source.ready.catch((error: HubError) => state.set({ kind: 'refused', error }));

  return {
    names,
    state,
    presence,
    points: (name) => series.get(name) ?? NONE,
    newest: () => newest,
    async reachBack(ms) {
      if (ms <= reached || newest === 0) return;
      const oldest = Math.min(...[...series.values()].map(({ t }) => t[0]!));
      const from = newest - ms;
      if (oldest > from) fillIn(await http.metricRange(room, { from, to: oldest, stepMs: REACH_STEP_MS }));
      reached = ms;
      changed();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    leave() {
      listeners.clear();
      source.leave();
    },
  };
}
