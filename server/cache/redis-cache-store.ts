import { type CacheEntry, type CacheStore, entryText } from './cache-store.js';

/** The part of node-redis' client that this engine uses. */
interface CacheClient {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, options: { expiration: { type: 'PX'; value: number }; condition?: 'NX' }): Promise<string | null>;
  del(key: string): Promise<number>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** What this engine asks of a link to Redis. */
export interface CacheLink {
  ready(): boolean;
  run<Result>(work: (client: CacheClient) => Promise<Result>): Promise<Result>;
}

export interface RedisCacheStoreOptions {
  readonly link: CacheLink;
  /** In front of each key. */
  readonly prefix: string;
  /** Bytes of one entry at most. Default 1 MiB. */
  readonly entryMaxBytes?: number;
  /** Milliseconds after which an unanswered call counts as answered with nothing. Default 250. */
  readonly answerMs?: number;
  /** Milliseconds for which nothing is asked after such a call. Default 1,000. */
  readonly restMs?: number;
  readonly now?: () => number;
}

const RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/** Entries in Redis, which ends them by itself. A Redis that is away or slow costs its askers one short wait, then none. */
export function createRedisCacheStore(options: RedisCacheStoreOptions): CacheStore {
  const { link, prefix, entryMaxBytes = 1024 * 1024, answerMs = 250, restMs = 1_000, now = Date.now } = options;
  let restUntil = 0;

  async function ask<Result>(otherwise: Result, work: (client: CacheClient) => Promise<Result>): Promise<Result> {
    if (!link.ready() || now() < restUntil) return otherwise;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Result>((resolve) => {
      timer = setTimeout(() => {
        restUntil = now() + restMs;
        resolve(otherwise);
      }, answerMs);
    });
    try {
      return await Promise.race([link.run(work).catch(() => otherwise), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  const entryKey = (key: string) => `${prefix}:cache:${key}`;
  const claimKey = (key: string) => `${prefix}:claim:${key}`;
  const expiration = (ms: number) => ({ type: 'PX' as const, value: Math.max(1, Math.ceil(ms)) });

  return {
    get: async (key) => {
      const text = await ask(null, (client) => client.get(entryKey(key)));
      const entry = text === null ? undefined : readEntry(text);
      return entry && entry.expiresAt > now() ? entry : undefined;
    },
    async set(key, entry) {
      const text = entryText(entry);
      if (text === undefined || entry.expiresAt <= now() || Buffer.byteLength(text) > entryMaxBytes) return;
      await ask(null, (client) => client.set(entryKey(key), text, { expiration: expiration(entry.expiresAt - now()) }));
    },
    async remove(key) {
      await ask(0, (client) => client.del(entryKey(key)));
    },
    async claim(key, owner, ttlMs) {
      const options = { expiration: expiration(ttlMs), condition: 'NX' as const };
      return ask(true, async (client) => (await client.set(claimKey(key), owner, options)) === 'OK');
    },
    async release(key, owner) {
      await ask<unknown>(0, (client) => client.eval(RELEASE, { keys: [claimKey(key)], arguments: [owner] }));
    },
    async close() {},
  };
}

/** What was stored under the key by something else is nothing. */
function readEntry(text: string): CacheEntry | undefined {
  try {
    const entry = JSON.parse(text) as CacheEntry | null;
    return typeof entry?.freshUntil === 'number' && typeof entry.expiresAt === 'number' ? entry : undefined;
  } catch {
    return undefined;
  }
}
