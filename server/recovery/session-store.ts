/** What a store keeps of one client for its return. */
export interface StoredSession {
  /** The user who may come back to it. */
  readonly user: string;
  /** What the session is, as text; the store does not read it. */
  readonly text: string;
}

/**
 * Port: what clients come back to. A session is named by the client's `pid` and has one owner: the connection that began it, or the one that took
 * it last. Sessions outlive the process where the engine does. Each ends by itself after its `ttlMs`, counted anew by every call that succeeds.
 *
 * Order: the calls of one owner about one session are carried out in the order in which they were made.
 * Failure: every method rejects with HubError `unavailable` or `timeout` within 2 s when the store cannot be reached.
 */
export interface SessionStore {
  /** Begins a session whose `pid` nobody has. */
  open(pid: string, owner: string, session: StoredSession, ttlMs: number): Promise<void>;
  /** False: it is gone, or somebody else's by now, and is left as it is. */
  save(pid: string, owner: string, text: string, ttlMs: number): Promise<boolean>;
  /** Makes `owner` the session's owner and gives its text; undefined when there is none of this user, which changes nothing. */
  take(pid: string, owner: string, user: string, ttlMs: number): Promise<string | undefined>;
  /** Ends the owner's session; somebody else's is left as it is. */
  remove(pid: string, owner: string): Promise<void>;
  /** After the last call. */
  close(): Promise<void>;
}
