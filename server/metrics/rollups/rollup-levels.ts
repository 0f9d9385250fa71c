/** One resolution in which samples are kept, finest first in lists. */
export interface RollupLevel {
  /** Milliseconds of one bucket. */
  readonly stepMs: number;
  /** Age up to which its buckets are kept. */
  readonly ttlMs: number;
}

/** The resolutions that there are: each a multiple of the one before. */
export const ROLLUP_STEPS_MS = [1_000, 10_000, 60_000] as const;

/** Buckets that are stored as one chunk. */
export const CHUNK_BUCKETS = 15;

export const chunkMs = (stepMs: number): number => stepMs * CHUNK_BUCKETS;

/** The levels with an age, finest first. @param ttlsMs by step, 0: not kept */
export function rollupLevels(ttlsMs: readonly number[]): RollupLevel[] {
  return ROLLUP_STEPS_MS.map((stepMs, i) => ({ stepMs, ttlMs: ttlsMs[i] ?? 0 })).filter(({ ttlMs }) => ttlMs > 0);
}

/** The longest age of all. */
export const longestTtlMs = (levels: readonly RollupLevel[]): number => Math.max(0, ...levels.map(({ ttlMs }) => ttlMs));
