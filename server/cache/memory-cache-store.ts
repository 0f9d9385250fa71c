import { LRUCache } from 'lru-cache';
import { type CacheEntry, type CacheStore, entryText } from './cache-store.js';

export interface MemoryCacheStoreOptions {
  /** Entries kept; the least recently used goes first. Default 10,000. */
  readonly maxEntries?: number;
  /** Bytes of all entries as JSON. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Bytes as JSON past which an entry is not stored. Default 1 MiB. */
  readonly entryMaxBytes?: number;
  readonly now?: () => number;
}

export interface MemoryCacheStore extends CacheStore {
  /** What is in memory now, in bytes as JSON; entries past their time are in it until they are asked for, or others need the room. */
  held(): { readonly entries: number; readonly bytes: number };
}

/** Claims are few (one per computation under way), yet a caller that never releases must not make them many. */
const CLAIMS_MAX = 10_000;

/** The cache of one process. Values are shared with their readers, not copied: nobody may change what a cache gave. */
export function createMemoryCacheStore({
  maxEntries = 10_000,
  maxBytes = 64 * 1024 * 1024,
  entryMaxBytes = 1024 * 1024,
  now = Date.now,
}: MemoryCacheStoreOptions = {}): MemoryCacheStore {
  const entries = new LRUCache<string, CacheEntry>({ max: maxEntries, maxSize: maxBytes, maxEntrySize: entryMaxBytes });
  const claims = new LRUCache<string, { owner: string; until: number }>({ max: CLAIMS_MAX });
  return {
    async get(key) {
      const entry = entries.get(key);
      if (!entry || entry.expiresAt > now()) return entry;
      entries.delete(key);
      return undefined;
    },
    async set(key, entry) {
      const text = entryText(entry);
      // What cannot be stored must not leave what it was to replace.
      if (text === undefined) entries.delete(key);
      else entries.set(key, entry, { size: Buffer.byteLength(key) + Buffer.byteLength(text) });
    },
    async remove(key) {
      entries.delete(key);
    },
    async claim(key, owner, ttlMs) {
      const held = claims.get(key);
      if (held && held.owner !== owner && held.until > now()) return false;
      claims.set(key, { owner, until: now() + ttlMs });
      return true;
    },
    async release(key, owner) {
      if (claims.get(key)?.owner === owner) claims.delete(key);
    },
    held: () => ({ entries: entries.size, bytes: entries.calculatedSize }),
    async close() {
      entries.clear();
      claims.clear();
    },
  };
}
