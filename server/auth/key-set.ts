import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { HubError } from '../../shared/errors.js';

/** A key set of a provider with very many tenants stays far below. */
const KEY_SET_BYTES = 1024 * 1024;

export interface KeySetOptions {
  /** A file, or an http:// or https:// address. */
  readonly source: string;
  /** Age in milliseconds from which the keys are read again; until that succeeds the old ones are used. */
  readonly refreshMs?: number;
  /** Milliseconds between two readings at least, also for tokens that name unknown keys and while the source fails. */
  readonly cooldownMs?: number;
  /** Milliseconds that an address has to answer. */
  readonly fetchTimeoutMs?: number;
  readonly now?: () => number;
}

type Loaded = { readonly getKey: ReturnType<typeof createLocalJWKSet>; readonly at: number };

/**
 * The public keys of whoever signs the tokens. They are read with the first token, again when they are old, and when a token names a key
 * that is not among them, as providers change keys. Many tokens at once make one reading.
 * The function rejects with HubError `unavailable` when no keys could be read so far, with jose's errors when none fits.
 */
export function createKeySet({
  source,
  refreshMs = 600_000,
  cooldownMs = 10_000,
  fetchTimeoutMs = 3_000,
  now = Date.now,
}: KeySetOptions): JWTVerifyGetKey {
  let loaded: Loaded | undefined;
  let loading: Promise<void> | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;

  const load = (): Promise<void> => {
    if (loading) return loading;
    if (now() - triedAt < cooldownMs) return Promise.resolve();
    triedAt = now();
    loading = readKeySet(source, fetchTimeoutMs)
      .then((keys) => {
        loaded = { getKey: createLocalJWKSet(keys), at: now() };
      })
      .catch(() => {}) // The keys of before, or none, answer for themselves.
      .finally(() => {
        loading = undefined;
      });
    return loading;
  };
  const current = (): Loaded => {
    if (!loaded) throw new HubError('unavailable', 'tokens cannot be checked now: the key set cannot be read', cooldownMs);
    return loaded;
  };

  return async (header, token) => {
    if (!loaded) await load();
    else if (now() - loaded.at > refreshMs) void load();
    const first = current();
    try {
      return await first.getKey(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await load();
      if (current() === first) throw error;
      return current().getKey(header, token);
    }
  };
}

/**
 * Reads a key set once.
 * @throws Error that says what is wrong with the source
 */
export async function readKeySet(source: string, fetchTimeoutMs: number): Promise<JSONWebKeySet> {
  const text = /^https?:\/\//.test(source) ? await fetchBounded(source, fetchTimeoutMs) : await readFile(source, 'utf8');
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null || !('keys' in parsed) || !Array.isArray(parsed.keys)) {
    throw new Error(`${source} is no JSON Web Key Set: it has no list "keys"`);
  }
  return parsed as JSONWebKeySet;
}

async function fetchBounded(url: string, timeoutMs: number): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), headers: { accept: 'application/json' } });
  if (!response.ok || !response.body) throw new Error(`${url} answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > KEY_SET_BYTES) throw new Error(`${url} answered more than ${KEY_SET_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
