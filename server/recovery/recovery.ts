import { randomBytes, randomUUID } from 'node:crypto';
import { ClientSession, type ClientSessionOptions, type ReadClient } from './client-session.js';
import { parseOffset, type RoomOffset } from './offset.js';
import { decodeSession, resumeFrom } from './session-state.js';
import type { SessionStore } from './session-store.js';

export interface RecoveryOptions {
  readonly store: SessionStore;
  /** Milliseconds after its connection ended for which a client may come back. */
  readonly windowMs: number;
  /** Clients that have a session: those that ask for one, or all that do not say no. Default: `asking`. */
  readonly isFor?: 'asking' | 'all';
  /** Milliseconds that a session of a process that was killed lasts longer at most. */
  readonly leaseMs?: number;
}

/** What a client shows in its handshake. */
export interface Returning {
  readonly recovery?: unknown;
  readonly pid?: unknown;
  readonly offset?: unknown;
}

export interface TakenSession {
  readonly session: ClientSession;
  /** Where the client goes on. */
  readonly rooms: readonly RoomOffset[];
  readonly data: unknown;
}

const LEASE_MS = 30_000;
const RENEWALS_PER_LEASE = 2;
const PID_BYTES = 16;
/** Characters of what may be a pid. */
const PID = /^[\w-]{20,64}$/;

/** The sessions of this process's clients. */
export class Recovery {
  readonly #sessions = new Set<ClientSession>();
  readonly #ending = new Set<Promise<void>>();
  readonly #renewing: NodeJS.Timeout;

  constructor(private readonly options: RecoveryOptions) {
    this.#renewing = setInterval(() => this.#renew(), this.#leaseMs / RENEWALS_PER_LEASE).unref();
  }

  /** The offset is an argument of each message, which not every client expects. */
  isFor({ recovery }: Returning): boolean {
    return recovery === true || (this.options.isFor === 'all' && recovery !== false);
  }

  /** A new session for a client. @throws HubError as `SessionStore.open` */
  async begin(shown: Returning, user: string, read: ReadClient): Promise<ClientSession> {
    const pid = randomBytes(PID_BYTES).toString('base64url');
    const session = this.#make(shown, pid, read);
    await this.options.store.open(pid, session.owner, { user, text: session.text() }, this.#leasedMs);
    this.#sessions.add(session);
    return session;
  }

  /** The user's session that the client comes back to; undefined when there is none, or none that could be continued exactly. */
  async take(shown: Returning, user: string, read: ReadClient): Promise<TakenSession | undefined> {
    const { pid, offset } = shown;
    // Without an offset it has had no message.
    const offsets = offset === undefined ? new Map<string, RoomOffset>() : parseOffset(offset);
    if (typeof pid !== 'string' || !PID.test(pid) || !offsets) return undefined;
    const owner = randomUUID();
    const text = await this.options.store.take(pid, owner, user, this.#leasedMs).catch(() => undefined);
    if (text === undefined) return undefined;
    const state = decodeSession(text);
    const rooms = resumeFrom(state, offsets);
    if (!rooms) return undefined;
    const session = this.#make(shown, pid, read, { owner, rooms: state.rooms });
    this.#sessions.add(session);
    return { session, rooms, data: state.data };
  }

  /** The client's connection has ended; with `isKept` it may come back. */
  end(session: ClientSession, isKept: boolean): void {
    this.#sessions.delete(session);
    const ending = session.end(isKept).finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** What is being written now, is. */
  async close(): Promise<void> {
    clearInterval(this.#renewing);
    await Promise.all([...this.#ending]);
  }

  get #leaseMs(): number {
    return this.options.leaseMs ?? LEASE_MS;
  }

  get #leasedMs(): number {
    return this.options.windowMs + this.#leaseMs;
  }

  #make(
    shown: Returning,
    pid: string,
    read: ReadClient,
    taken: Partial<Pick<ClientSessionOptions, 'rooms'>> & { owner?: string } = {},
  ): ClientSession {
    const { store, windowMs } = this.options;
    const generations = [...(parseOffset(shown.offset)?.values() ?? [])].map(({ generation }) => generation);
    const firstGeneration = Math.max(0, ...generations) + 1;
    return new ClientSession({ store, pid, windowMs, leasedMs: this.#leasedMs, firstGeneration, read, owner: randomUUID(), ...taken });
  }

  #renew(): void {
    for (const session of this.#sessions) session.renew();
  }
}
