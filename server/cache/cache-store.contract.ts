import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { CacheEntry, CacheStore } from './cache-store.js';

export interface StoreUnderTest {
  /** What a second instance of the hub would use: it shares the entries where the engine says so. */
  readonly store: CacheStore;
  end(): Promise<void>;
}

/** What every cache store keeps to, on the real clock. */
export function cacheStoreContract(engine: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${engine} as a cache store`, () => {
    let under: StoreUnderTest;
    let store: CacheStore;
    beforeEach(async () => {
      under = await open();
      store = under.store;
    });
    afterEach(() => under.end());

    test('gives back what was stored, with its times and tags', async () => {
      const entry = { ...entryOf({ rooms: ['chat:lobby', 'ünï'] }), tags: { room: 'g1' } };
      await store.set('k', entry);
      expect(await store.get('k')).toEqual(entry);
    });

    test.each([[null], [undefined], [0], [''], [false], [[]]])('keeps the answer %p as an answer', async (value) => {
      await store.set('k', entryOf(value));
      const found = await store.get('k');
      expect(found).toBeDefined();
      expect(found?.value).toEqual(value);
    });

    test('knows nothing of a key that was never stored or was removed', async () => {
      expect(await store.get('k')).toBeUndefined();
      await store.set('k', entryOf(1));
      await store.remove('k');
      expect(await store.get('k')).toBeUndefined();
    });

    test('an entry past its expiry is gone', async () => {
      await store.set('k', { ...entryOf(1), expiresAt: Date.now() - 1 });
      expect(await store.get('k')).toBeUndefined();
    });

    test('a later value replaces the earlier', async () => {
      await store.set('k', entryOf(1));
      await store.set('k', entryOf(2));
      expect((await store.get('k'))?.value).toBe(2);
    });

    test('a claim belongs to one owner until it is released', async () => {
      const answers = await Promise.all(['a', 'b', 'c'].map((owner) => store.claim('k', owner, 60_000)));
      expect(answers.filter(Boolean)).toHaveLength(1);
      const winner = ['a', 'b', 'c'][answers.indexOf(true)]!;
      await store.release('k', 'someone else');
      expect(await store.claim('k', 'd', 60_000)).toBe(false);
      await store.release('k', winner);
      expect(await store.claim('k', 'd', 60_000)).toBe(true);
    });

    test('a claim that nobody released ends by itself', async () => {
      expect(await store.claim('k', 'a', 1)).toBe(true);
      const deadline = Date.now() + 5_000;
      while (!(await store.claim('k', 'b', 60_000))) if (Date.now() > deadline) throw new Error('the claim of 1 ms is still held');
      await store.release('k', 'a');
      expect(await store.claim('k', 'c', 60_000)).toBe(false);
    });

    test('claims and entries of one key do not meet', async () => {
      await store.claim('k', 'a', 60_000);
      expect(await store.get('k')).toBeUndefined();
      await store.set('k', entryOf(1));
      expect(await store.claim('k', 'b', 60_000)).toBe(false);
    });

    test('an entry larger than the engine takes is not stored, and no error', async () => {
      await store.set('k', entryOf('x'.repeat(1024 * 1024 + 1)));
      expect(await store.get('k')).toBeUndefined();
    });
  });
}

export function entryOf(value: unknown, lifeMs = 60_000): CacheEntry {
  const storedAt = Date.now();
  return { value, storedAt, freshUntil: storedAt + lifeMs, expiresAt: storedAt + lifeMs };
}
