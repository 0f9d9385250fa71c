import type { RoomName } from '../../../shared/rooms.js';
import { chunkMs, longestTtlMs, type RollupLevel } from './rollup-levels.js';
import type { Chunk, RollupStore } from './rollup-store.js';

export interface MemoryRollupOptions {
  readonly levels: readonly RollupLevel[];
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

interface RoomState {
  mark: string | undefined;
  /** By step and start, then by series. */
  readonly chunks: Map<string, { readonly until: number; readonly bySeries: Map<string, Buffer> }>;
  readonly names: Map<string, number>;
  until: number;
}

const keyOf = (stepMs: number, start: number) => `${stepMs} ${start}`;

/** The engine of hubs that forget at exit. */
export function createMemoryRollupStore({ levels, now = Date.now }: MemoryRollupOptions): RollupStore {
  const rooms = new Map<RoomName, RoomState>();
  const ttls = new Map(levels.map(({ stepMs, ttlMs }) => [stepMs, ttlMs]));
  const longest = longestTtlMs(levels);

  function put({ chunks }: RoomState, { stepMs, start, series, bytes }: Chunk): void {
    const key = keyOf(stepMs, start);
    const chunk = chunks.get(key) ?? { until: start + chunkMs(stepMs) + (ttls.get(stepMs) ?? 0), bySeries: new Map() };
    chunks.set(key, chunk);
    chunk.bySeries.set(series, bytes);
  }

  function prune(): void {
    for (const [room, { chunks, names, until }] of rooms) {
      if (until <= now()) rooms.delete(room);
      for (const [key, chunk] of chunks) if (chunk.until <= now()) chunks.delete(key);
      for (const [name, seen] of names) if (seen + longest <= now()) names.delete(name);
    }
  }

  return {
    mark: async (room) => rooms.get(room)?.mark,
    async read(room, refs) {
      const state = rooms.get(room);
      const chunks = refs.map(({ stepMs, start, series }) => state?.chunks.get(keyOf(stepMs, start))?.bySeries.get(series));
      return { mark: state?.mark, chunks };
    },
    async commit(room, { from, to, chunks, names }) {
      prune();
      const state = rooms.get(room) ?? { mark: undefined, chunks: new Map(), names: new Map(), until: 0 };
      if (state.mark !== from) return false;
      rooms.set(room, state);
      state.mark = to;
      state.until = now() + longest;
      for (const chunk of chunks) put(state, chunk);
      for (const { series, until } of names) state.names.set(series, Math.max(until, state.names.get(series) ?? until));
      return true;
    },
    series: async (room, since) => [...(rooms.get(room)?.names ?? [])].flatMap(([name, until]) => (until > since ? [name] : [])),
    async close() {
      rooms.clear();
    },
  };
}
