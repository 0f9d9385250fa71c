import { randomUUID } from 'node:crypto';
import type { CacheStore } from './cache-store.js';

/**
 * Invalidation by tag: each tag has a generation, a value remembers those it was computed under, and is usable while they
 * are the current ones. So what was computed before an invalidation stays unusable, even when it is stored after it. A generation that
 * the store lost is one that no value has.
 */
export interface TagGenerations {
  /** The current generations; a tag without one is left out. */
  read(tags: readonly string[]): Promise<Record<string, string>>;
  /** The current generations; a tag without one gets one. */
  open(tags: readonly string[] | undefined): Promise<Record<string, string> | undefined>;
  /** Makes all that was computed under the tag unusable. */
  end(tag: string): Promise<void>;
}

/** A generation that nobody reads for this long is forgotten; its values turn into misses. */
const GENERATION_MS = 24 * 3_600_000;
const PREFIX = 'tag:';

export function createTagGenerations(store: CacheStore, now: () => number): TagGenerations {
  const beginning = new Map<string, Promise<string>>();
  const generations: TagGenerations = {
    async read(tags) {
      const found: Record<string, string> = Object.create(null);
      await Promise.all(
        tags.map(async (tag) => {
          const entry = await store.get(PREFIX + tag);
          if (typeof entry?.value === 'string') found[tag] = entry.value;
        }),
      );
      return found;
    },
    async open(tags) {
      if (!tags?.length) return undefined;
      const current = await generations.read(tags);
      await Promise.all(
        tags
          .filter((tag) => current[tag] === undefined)
          .map(async (tag) => {
            current[tag] = await beginOnce(tag);
          }),
      );
      return current;
    },
    // Not a new one in its place: that would fill the store with the tags of whatever nobody asks for.
    end: (tag) => store.remove(PREFIX + tag),
  };

  /** Values that are computed at once under a new tag share its first generation. */
  function beginOnce(tag: string): Promise<string> {
    const begun = beginning.get(tag) ?? begin(tag).finally(() => beginning.delete(tag));
    beginning.set(tag, begun);
    return begun;
  }

  async function begin(tag: string): Promise<string> {
    const generation = randomUUID();
    const storedAt = now();
    const expiresAt = storedAt + GENERATION_MS;
    await store.set(PREFIX + tag, { value: generation, storedAt, freshUntil: expiresAt, expiresAt });
    return generation;
  }
  return generations;
}
