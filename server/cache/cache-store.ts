/** A cached value with the times that decide its use, in milliseconds since 1970. */
export interface CacheEntry {
  /** JSON, or undefined: "there is none" is an answer too. */
  readonly value?: unknown;
  readonly storedAt: number;
  /** Up to here the value is served as it is; from here to `expiresAt` while a new one is computed. */
  readonly freshUntil: number;
  readonly expiresAt: number;
  /** The generation of each tag that the value was computed under. */
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * Port: values with an expiry, shared by all instances that use the same engine. An entry is gone at its `expiresAt`.
 *
 * Failure: a cache never fails its caller. With the store away, `get` answers undefined, `set`, `remove` and `release` do nothing,
 * `claim` answers true (everyone computes), all within 250 ms, and at once after the first such answer. Entries of more
 * bytes than the engine takes, and values that are no JSON, are not stored. What was stored by something else is nothing.
 */
export interface CacheStore {
  get(key: string): Promise<CacheEntry | undefined>;
  set(key: string, entry: CacheEntry): Promise<void>;
  remove(key: string): Promise<void>;
  /** True for the one owner of all instances that may compute `key` for the next `ttlMs`; `release` ends it early. */
  claim(key: string, owner: string, ttlMs: number): Promise<boolean>;
  /** Does nothing when another owner has the claim by now. */
  release(key: string, owner: string): Promise<void>;
  close(): Promise<void>;
}

/** An entry as it is stored and measured; undefined where its value has no JSON. */
export function entryText(entry: CacheEntry): string | undefined {
  try {
    return JSON.stringify(entry);
  } catch {
    return undefined;
  }
}
