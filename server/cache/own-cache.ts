import type { Cache } from './cache.js';

const PREFIX = 'own ';

/** The cache as the program around the hub has it: whatever its keys and tags are, none is one of the hub's own. */
export function createOwnCache(cache: Pick<Cache, 'read' | 'invalidate'>): Pick<Cache, 'read' | 'invalidate'> {
  return {
    read: (key, { tags, ...read }) => cache.read(PREFIX + key, { ...read, ...(tags && { tags: tags.map((tag) => PREFIX + tag) }) }),
    invalidate: (tag) => cache.invalidate(PREFIX + tag),
  };
}
