import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cache, CachedRead, CachedValue, CacheStats } from './cache.js';
import type { CacheEntry, CacheStore } from './cache-store.js';
import { createTagGenerations, type TagGenerations } from './tag-generations.js';

export interface CacheOptions {
  /** This process's memory. */
  readonly near: CacheStore;
  /** What all instances share. Left out: one process, no claims. */
  readonly far?: CacheStore;
  /** Milliseconds for which a value from the far store is served from memory without a look there. Default 1,000. */
  readonly nearTtlMs?: number;
  /** Nothing is stored; what is asked for at once is still computed once in this process. Default false. */
  readonly off?: boolean;
  /** Told the age in milliseconds of each value that is served from a store. */
  readonly onServe?: (ageMs: number) => void;
  /** Milliseconds that other instances wait for the one that computes; then they compute themselves. Default 5,000. */
  readonly waitMs?: number;
  /** The part of a time to live by which it is shortened at random, so that values stored together don't end together. Default 0.1. */
  readonly jitter?: number;
  readonly now?: () => number;
  readonly random?: () => number;
  readonly sleep?: (ms: number) => Promise<unknown>;
}

interface Flight {
  readonly entry: Promise<CacheEntry>;
  readonly tags: readonly string[];
}

/** Where a computation looks and what it was begun under. */
interface Stores {
  readonly far: CacheStore;
  readonly farTags: TagGenerations;
  /** The near generations of its tags, from before the look into the far store. */
  readonly nearTags: CacheEntry['tags'];
}

const FIRST_LOOK_MS = 5;
const LAST_LOOK_MS = 100;

/** Memory near, and what all instances share behind it. */
export function createCache(options: CacheOptions): Cache {
  return new LayeredCache(options);
}

class LayeredCache implements Cache {
  readonly #flights = new Map<string, Flight>();
  readonly #refreshes = new Set<string>();
  readonly #counts = { hits: 0, misses: 0, waits: 0, stale: 0, computeErrors: 0 };
  readonly #near: CacheStore;
  readonly #far: CacheStore | undefined;
  readonly #off: boolean;
  readonly #nearTags: TagGenerations;
  readonly #farTags: TagGenerations | undefined;
  readonly #settings: Required<Omit<CacheOptions, 'near' | 'far' | 'onServe' | 'off'>>;
  readonly #now: () => number;
  readonly #onServe: (ageMs: number) => void;

  constructor({ near, far, onServe = () => {}, off = false, ...settings }: CacheOptions) {
    this.#onServe = onServe;
    this.#off = off;
    this.#settings = { nearTtlMs: 1_000, waitMs: 5_000, jitter: 0.1, now: Date.now, random: Math.random, sleep: delay, ...settings };
    this.#now = this.#settings.now;
    this.#near = near;
    this.#far = far;
    this.#nearTags = createTagGenerations(near, this.#now);
    this.#farTags = far && createTagGenerations(far, this.#now);
  }

  async read<Value>(key: string, read: CachedRead<Value>): Promise<Value> {
    return (await this.readEntry(key, read)).value;
  }

  async readEntry<Value>(key: string, read: CachedRead<Value>): Promise<CachedValue<Value>> {
    return (await this.#entryOf(key, read)) as CachedValue<Value>;
  }

  async invalidate(tag: string): Promise<void> {
    await Promise.all([this.invalidateHere(tag), this.#farTags?.end(tag)]);
    // Once more: between the two a read may have brought what the far store still had.
    if (this.#farTags) await this.invalidateHere(tag);
  }

  async invalidateHere(tag: string): Promise<void> {
    for (const [key, flight] of this.#flights) if (flight.tags.includes(tag)) this.#flights.delete(key);
    await this.#nearTags.end(tag);
  }

  stats(): CacheStats {
    return { ...this.#counts };
  }

  async close(): Promise<void> {
    await Promise.all([this.#near.close(), this.#far?.close()]);
  }

  async #entryOf<Value>(key: string, read: CachedRead<Value>): Promise<CacheEntry> {
    const entry = await this.#usable(this.#near, this.#nearTags, key, read.tags);
    if (entry && this.#isFresh(entry)) {
      this.#counts.hits++;
      return this.#serve(entry);
    }
    const flight = this.#flights.get(key);
    if (entry) {
      this.#counts.stale++;
      if (!flight) this.#start(key, read).catch(() => {});
      return this.#serve(entry);
    }
    if (flight) this.#counts.waits++;
    return flight?.entry ?? this.#start(key, read);
  }

  /** Looks further and computes if need be; those who ask meanwhile get the same promise. */
  #start<Value>(key: string, read: CachedRead<Value>): Promise<CacheEntry> {
    const flight: Flight = { entry: this.#find(key, read), tags: read.tags ?? [] };
    this.#flights.set(key, flight);
    const land = () => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    flight.entry.then(land, land);
    return flight.entry;
  }

  async #find<Value>(key: string, read: CachedRead<Value>): Promise<CacheEntry> {
    // The flight before this one may have landed between the asker's look and now.
    const near = await this.#usable(this.#near, this.#nearTags, key, read.tags);
    if (near && this.#isFresh(near)) return this.#serve(near);
    // Before the look elsewhere: what is invalidated during it is not to be kept under what holds afterwards.
    const nearTags = await this.#nearTags.open(read.tags);
    const [far, farTags] = [this.#far, this.#farTags];
    if (!far || !farTags || read.here || this.#off) return this.#compute(key, read, nearTags);
    const entry = await this.#usable(far, farTags, key, read.tags);
    if (!entry) return this.#computeOnce(key, read, { far, farTags, nearTags });
    if (this.#isFresh(entry)) {
      this.#counts.hits++;
      return this.#keepNear(key, entry, nearTags);
    }
    this.#counts.stale++;
    this.#refresh(key, () => this.#computeOnce(key, read, { far, farTags, nearTags }));
    return this.#serve(entry);
  }

  #refresh(key: string, compute: () => Promise<unknown>): void {
    if (this.#refreshes.has(key)) return;
    this.#refreshes.add(key);
    compute()
      .catch(() => {})
      .finally(() => this.#refreshes.delete(key));
  }

  /** Computes under the claim of all instances, or waits for the one that has it. */
  async #computeOnce<Value>(key: string, read: CachedRead<Value>, { far, farTags, nearTags }: Stores): Promise<CacheEntry> {
    const { waitMs, sleep } = this.#settings;
    const deadline = this.#now() + waitMs;
    const owner = randomUUID();
    let claimed = await far.claim(key, owner, waitMs);
    try {
      for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(lookMs * 2, LAST_LOOK_MS)) {
        // With the claim too: its last owner may have stored the value between the look and the claim.
        const entry = await this.#usable(far, farTags, key, read.tags);
        if (entry && this.#isFresh(entry)) {
          this.#counts.waits++;
          return await this.#keepNear(key, entry, nearTags);
        }
        if (claimed || this.#now() >= deadline) break;
        await sleep(lookMs);
        claimed = await far.claim(key, owner, waitMs);
      }
      return await this.#compute(key, read, nearTags);
    } finally {
      if (claimed) await far.release(key, owner);
    }
  }

  async #compute<Value>(key: string, read: CachedRead<Value>, nearTags: CacheEntry['tags']): Promise<CacheEntry> {
    this.#counts.misses++;
    const farTags = read.here || this.#off ? undefined : await this.#farTags?.open(read.tags);
    let value: Value;
    try {
      value = await read.compute();
    } catch (error) {
      this.#counts.computeErrors++;
      throw error;
    }
    const ttlMs =
      (typeof read.ttlMs === 'function' ? read.ttlMs(value) : read.ttlMs) * (1 - this.#settings.jitter * this.#settings.random());
    const storedAt = this.#now();
    if (ttlMs <= 0 || this.#off) return { value, storedAt, freshUntil: storedAt, expiresAt: storedAt };
    const freshUntil = storedAt + ttlMs;
    const entry: CacheEntry = { value, storedAt, freshUntil, expiresAt: freshUntil + (read.staleMs ?? 0) };
    if (read.here) await this.#near.set(key, withTags(entry, nearTags));
    else await Promise.all([this.#near.set(key, this.#nearCopy(entry, nearTags)), this.#far?.set(key, withTags(entry, farTags))]);
    return entry;
  }

  async #keepNear(key: string, entry: CacheEntry, nearTags: CacheEntry['tags']): Promise<CacheEntry> {
    await this.#near.set(key, this.#nearCopy(entry, nearTags));
    return this.#serve(entry);
  }

  #serve(entry: CacheEntry): CacheEntry {
    this.#onServe(Math.max(0, this.#now() - entry.storedAt));
    return entry;
  }

  /** With a far store, the near copy is looked up there again after `nearTtlMs`: others may have invalidated it. */
  #nearCopy(entry: CacheEntry, tags: CacheEntry['tags']): CacheEntry {
    if (!this.#far) return withTags(entry, tags);
    const { nearTtlMs } = this.#settings;
    const freshUntil = Math.min(entry.freshUntil, this.#now() + nearTtlMs);
    // While it is looked up, who asks gets the copy, where that may be stale: no asker waits for the far store.
    const expiresAt = freshUntil + Math.min(nearTtlMs, entry.expiresAt - entry.freshUntil);
    return withTags({ ...entry, freshUntil, expiresAt }, tags);
  }

  #isFresh(entry: CacheEntry): boolean {
    return entry.freshUntil > this.#now();
  }

  async #usable(store: CacheStore, generations: TagGenerations, key: string, tags: readonly string[] = []) {
    const [entry, current] = await Promise.all([store.get(key), generations.read(tags)]);
    return entry && tags.every((tag) => current[tag] !== undefined && entry.tags?.[tag] === current[tag]) ? entry : undefined;
  }
}

function withTags({ tags: _, ...entry }: CacheEntry, tags: CacheEntry['tags']): CacheEntry {
  return tags && Object.keys(tags).length > 0 ? { ...entry, tags } : entry;
}
