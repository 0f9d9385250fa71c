import type { SlowPolicy } from '../../shared/rooms.js';

/** The connection under a socket, which says when something is sent to it (engine.io's event `packetCreate`). */
interface SlowConnection {
  on(event: 'packetCreate', listener: () => void): unknown;
  off(event: 'packetCreate', listener: () => void): unknown;
}

/** What those who write to a candidate know it by. */
interface SlowSocket {
  readonly conn: SlowConnection;
}

/** A connection that can be held back. */
export interface SlowCandidate {
  readonly socket: SlowSocket;
  unsentBytes(enough: number): number;
  /** Stops what is pushed to it; it reads too slowly. */
  hold(): void;
  /** It has drained: continue. */
  release(): void;
  /** It asks on and does not read the answers. */
  cut(): void;
}

export interface SlowConsumersOptions {
  /** Unsent bytes of one connection past which it is held. */
  unsentBytes: number;
  /** Between two looks at the connections that were sent something, and at those that are held: what drains goes on soon. */
  checkMs: number;
  checkHeldMs: number;
  onHold(): void;
  onPolicy(policy: SlowPolicy): void;
  onLeftOut(policy: SlowPolicy, messages: number): void;
}

/** What a subscription reports of its policy. */
export interface SlowTally {
  /** It was held back. */
  applied(policy: SlowPolicy): void;
  leftOut(policy: SlowPolicy, messages: number): void;
}

/** Times the limit by which what waits for a held connection may still grow: answers that it asks for and does not read. */
const CUT_FACTOR = 16;

/**
 * Watches how much waits for each connection and holds those that do not read. What one connection makes the process keep is bounded by
 * the limit and what one turn sends to it; where nobody calls `fed`, by the limit and what is sent to it between two checks. A connection
 * is looked at from when something is sent to it until nothing waits for it: one that is quiet costs nothing.
 */
export class SlowConsumers implements SlowTally {
  readonly #watched = new Map<SlowConnection, SlowCandidate>();
  /** Those for which something may wait. */
  readonly #sentTo = new Set<SlowConnection>();
  /** With the bytes that waited when it was held. */
  readonly #held = new Map<SlowCandidate, number>();
  readonly #timer: NodeJS.Timeout;
  #heldTimer: NodeJS.Timeout | undefined;
  /** Called on the connection, so that all share it. */
  readonly #onPacket: (this: SlowConnection) => void;

  constructor(private readonly options: SlowConsumersOptions) {
    this.#timer = setInterval(() => this.check(), options.checkMs).unref();
    const sentTo = this.#sentTo;
    this.#onPacket = function () {
      sentTo.add(this);
    };
  }

  get held(): number {
    return this.#held.size;
  }

  watch(candidate: SlowCandidate): void {
    const { conn } = candidate.socket;
    this.#watched.set(conn, candidate);
    this.#sentTo.add(conn);
    conn.on('packetCreate', this.#onPacket as () => void);
  }

  /** Holds a connection at once: whoever feeds it has found it full. */
  full(candidate: SlowCandidate): void {
    if (this.#watched.get(candidate.socket.conn) !== candidate || this.#held.has(candidate)) return;
    this.#hold(candidate, candidate.unsentBytes(Number.POSITIVE_INFINITY));
  }

  /** More was sent to sockets that do not take what they are sent at once. */
  fed(sockets: readonly SlowSocket[]): void {
    for (const { conn } of sockets) this.#look(conn);
  }

  /** What was written to a socket past its connection's packets is not all with the kernel: it is looked at with the next check. */
  waits({ conn }: SlowSocket): void {
    this.#sentTo.add(conn);
  }

  check(): void {
    for (const conn of this.#sentTo) if (this.#look(conn) === 0) this.#sentTo.delete(conn);
  }

  applied(policy: SlowPolicy): void {
    this.options.onPolicy(policy);
  }

  leftOut(policy: SlowPolicy, messages: number): void {
    this.options.onLeftOut(policy, messages);
  }

  /** The bytes that wait for it. */
  #look(conn: SlowConnection): number {
    const candidate = this.#watched.get(conn);
    if (!candidate) return 0;
    const heldAt = this.#held.get(candidate);
    if (heldAt !== undefined) return heldAt;
    const bytes = candidate.unsentBytes(Number.POSITIVE_INFINITY);
    if (bytes > this.options.unsentBytes) this.#hold(candidate, bytes);
    return bytes;
  }

  /** For each `watch` once. */
  unwatch(candidate: SlowCandidate): void {
    const { conn } = candidate.socket;
    this.#held.delete(candidate);
    conn.off('packetCreate', this.#onPacket as () => void);
    // The client may have entered again, with the same connection.
    if (this.#watched.get(conn) !== candidate) return;
    this.#watched.delete(conn);
    this.#sentTo.delete(conn);
  }

  #checkHeld(): void {
    const limit = this.options.unsentBytes;
    for (const [candidate, heldAt] of this.#held) {
      const bytes = candidate.unsentBytes(heldAt + limit * CUT_FACTOR);
      if (bytes > heldAt + limit * CUT_FACTOR) candidate.cut();
      else if (bytes <= limit / 4) {
        this.#held.delete(candidate);
        candidate.release();
      }
    }
    if (this.#held.size === 0) this.#stopHeldTimer();
  }

  #hold(candidate: SlowCandidate, bytes: number): void {
    this.#held.set(candidate, bytes);
    this.#heldTimer ??= setInterval(() => this.#checkHeld(), this.options.checkHeldMs).unref();
    this.options.onHold();
    candidate.hold();
  }

  #stopHeldTimer(): void {
    clearInterval(this.#heldTimer);
    this.#heldTimer = undefined;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#stopHeldTimer();
  }
}
