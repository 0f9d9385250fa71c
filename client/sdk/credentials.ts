import { HubError } from '../../shared/errors.js';
import type { HandshakeAuth } from '../../shared/protocol.js';
import type { ConnectOptions, Off } from './api.js';
import { type BackoffBounds, backoffMs, type Clock } from './clock.js';
import { randomId } from './random-id.js';
import type { Ask } from './requests.js';

/** The refresh comes this long before the token's end, or a tenth of what is left where that is less. */
const AHEAD_MS = 30_000;
/** Milliseconds between refreshes at the least: a clock that is wrong must not make a loop. */
const REFRESH_MIN_MS = 2_000;
const GUEST_KEY = 'roomcast:guest-key';

export interface CredentialsOptions {
  readonly connect: Pick<ConnectOptions, 'token' | 'name' | 'guestKey'>;
  readonly ask: Ask;
  readonly clock: Clock;
  readonly backoff: BackoffBounds;
  readonly onError: (error: HubError) => void;
}

/** Who this client says that it is, and keeping that valid. */
export class Credentials {
  readonly #options: CredentialsOptions;
  readonly #guestKey: string;
  #cancelRefresh: Off = () => {};
  /** There is a connection whose token ends some time. */
  #keeping = false;
  #refreshing: Promise<boolean> | undefined;

  constructor(options: CredentialsOptions) {
    this.#options = options;
    this.#guestKey = options.connect.guestKey ?? keptGuestKey();
  }

  /** What the handshake carries. Rejects as the caller's `token` does. */
  async handshake(): Promise<HandshakeAuth> {
    const { token, name } = this.#options.connect;
    const who: HandshakeAuth = token === undefined ? { guestKey: this.#guestKey } : { token: await fetchToken(token) };
    // Rooms go on from their positions here: a session on the hub would be of no use.
    const auth = { ...who, recovery: false };
    return name === undefined ? auth : { ...auth, name };
  }

  /** Plans the refresh of a token that ends at `expiresAt` (milliseconds since 1970). */
  keepFresh(expiresAt: number | undefined): void {
    this.stop();
    if (expiresAt === undefined || typeof this.#options.connect.token !== 'function') return;
    this.#keeping = true;
    const leftMs = expiresAt - this.#options.clock.now();
    this.#plan(Math.max(leftMs - Math.min(AHEAD_MS, leftMs / 10), REFRESH_MIN_MS), 0);
  }

  stop(): void {
    this.#keeping = false;
    this.#cancelRefresh();
  }

  /** Gives this connection another token, once for all who ask meanwhile; false when that failed, which is reported. */
  renew(): Promise<boolean> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  #plan(waitMs: number, attempts: number): void {
    this.#cancelRefresh = this.#options.clock.schedule(waitMs, () => void this.#attempt(attempts + 1));
  }

  async #attempt(attempts: number): Promise<void> {
    const refreshed = await this.renew();
    if (refreshed || !this.#keeping) return;
    const { backoff, clock } = this.#options;
    this.#plan(backoffMs(attempts, backoff, clock.random, REFRESH_MIN_MS), attempts);
  }

  async #refresh(): Promise<boolean> {
    const { connect, ask, onError } = this.#options;
    try {
      const outcome = await ask('auth:refresh', { token: await fetchToken(connect.token!) });
      if (outcome.ok) this.keepFresh(outcome.answer.expiresAt);
      else onError(outcome.refusal.error);
      return outcome.ok;
    } catch (error) {
      onError(tokenError(error));
      return false;
    }
  }
}

export function tokenError(thrown: unknown): HubError {
  if (thrown instanceof HubError) return thrown;
  return new HubError('unauthorized', `no token could be had: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
}

async function fetchToken(token: NonNullable<ConnectOptions['token']>): Promise<string> {
  return typeof token === 'function' ? token() : token;
}

/** The browser profile's guest key, the same in all its tabs; where nothing can be kept, one for this object. */
function keptGuestKey(): string {
  try {
    const { localStorage } = globalThis as {
      localStorage?: { getItem(key: string): string | null; setItem(key: string, value: string): void };
    };
    const kept = localStorage?.getItem(GUEST_KEY);
    if (kept) return kept;
    const made = randomId();
    localStorage?.setItem(GUEST_KEY, made);
    return made;
  } catch {
    // A page that may not store anything throws on the mere access.
    return randomId();
  }
}
