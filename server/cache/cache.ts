export interface CachedRead<Value> {
  /** Milliseconds for which a computed value is fresh; by value where that decides it; 0: not stored, still computed once at a time. */
  readonly ttlMs: number | ((value: Value) => number);
  /** Milliseconds past it for which the old value is served while one asker's new computation runs. Default 0. */
  readonly staleMs?: number;
  /** `invalidate` of any of these makes the value unusable. */
  readonly tags?: readonly string[];
  /** Kept in this process's memory only, and computed once in this process: for what is asked for as fast as the far store is. */
  readonly here?: true;
  compute(): Promise<Value>;
}

/** A value with its times, in milliseconds since 1970. */
export interface CachedValue<Value> {
  readonly value: Value;
  readonly storedAt: number;
  /** Past it another read may give another value; not past `storedAt` where it was not stored. */
  readonly freshUntil: number;
}

export interface CacheStats {
  /** Answered by a fresh value. */
  readonly hits: number;
  /** Answered by a computation of this process that the read itself began. */
  readonly misses: number;
  /** Answered by a computation that was already under way, here or on another instance. */
  readonly waits: number;
  /** Answered by an old value while a new one was computed. */
  readonly stale: number;
  readonly computeErrors: number;
}

/**
 * Costly reads, computed once for many askers. An error of `compute` reaches all who wait for it and is not kept. With the far
 * store away, every process computes for itself.
 */
export interface Cache {
  read<Value>(key: string, read: CachedRead<Value>): Promise<Value>;
  /** The same, for who tells others how long they may keep it. */
  readEntry<Value>(key: string, read: CachedRead<Value>): Promise<CachedValue<Value>>;
  /**
   * Once it resolves, no read of this process gives what was computed before the call. Copies near other instances live on for `nearTtlMs`,
   * and where they may be stale for once more that time. With the far store away, what lies there lives on for its own time.
   */
  invalidate(tag: string): Promise<void>;
  /** The same for this process's memory alone, at no other cost: for values that are kept `here`. */
  invalidateHere(tag: string): Promise<void>;
  stats(): CacheStats;
  close(): Promise<void>;
}
