/** A cached value with the times that decide its use, in milliseconds since 1970. */
export interface CacheEntry {
  readonly value: unknown;
  readonly storedAt: number;
  readonly expiresAt: number;
}

/**
 * Port: values with an expiry, shared by all instances that use the same engine. Values are JSON.
 * Failure: `get` answers undefined and `set` and `remove` do nothing when the store is away; a cache never fails its caller.
 */
export interface CacheStore {
  get(key: string): Promise<CacheEntry | undefined>;
  set(key: string, entry: CacheEntry): Promise<void>;
  remove(key: string): Promise<void>;
  /** True for the one asker of all instances that may compute `key` for the next `ttlMs`; `release` ends it early. */
  claim(key: string, owner: string, ttlMs: number): Promise<boolean>;
  release(key: string, owner: string): Promise<void>;
  close(): Promise<void>;
}
