import { LRUCache } from 'lru-cache';
import type { SessionStore, StoredSession } from './session-store.js';

/** Sessions at most; past it those that were used longest ago are forgotten, which is never claimed to be a recovery. */
const SESSIONS_KEPT = 100_000;

type Kept = StoredSession & { readonly owner: string };

/** The engine of one process: sessions end with it. */
export function createMemorySessionStore(): SessionStore {
  const sessions = new LRUCache<string, Kept>({ max: SESSIONS_KEPT });
  const ownedBy = (pid: string, owner: string) => {
    const kept = sessions.get(pid);
    return kept?.owner === owner ? kept : undefined;
  };
  return {
    async open(pid, owner, session, ttl) {
      sessions.set(pid, { ...session, owner }, { ttl });
    },
    async save(pid, owner, text, ttl) {
      const kept = ownedBy(pid, owner);
      if (kept) sessions.set(pid, { ...kept, text }, { ttl });
      return kept !== undefined;
    },
    async take(pid, owner, user, ttl) {
      const kept = sessions.get(pid);
      if (kept?.user !== user) return undefined;
      sessions.set(pid, { ...kept, owner }, { ttl });
      return kept.text;
    },
    async remove(pid, owner) {
      if (ownedBy(pid, owner)) sessions.delete(pid);
    },
    close: async () => sessions.clear(),
  };
}
