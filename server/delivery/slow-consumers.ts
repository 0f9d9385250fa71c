import type { SlowPolicy } from '../../shared/rooms.js';

/** A connection that can be held back. */
export interface SlowCandidate {
  /** Its socket, by which those who write to it name it. */
  readonly socket: object;
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
  /** Between two looks at all connections, and at those that are held: what drains goes on soon. */
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

/** The watch over each socket: a subscription knows no more than its socket. */
const watchOf = new WeakMap<object, SlowTally>();

export const slowTallyOf = (socket: object): SlowTally | undefined => watchOf.get(socket);

/** Times the limit by which what waits for a held connection may still grow: answers that it asks for and does not read. */
const CUT_FACTOR = 16;

/**
 * Watches how much waits for each connection and holds those that do not read. What one connection makes the process keep is bounded by
 * the limit and what one turn sends to it; where nobody calls `fed`, by the limit and what is sent to it between two checks.
 */
export class SlowConsumers implements SlowTally {
  readonly #watched = new Map<object, SlowCandidate>();
  /** With the bytes that waited when it was held. */
  readonly #held = new Map<SlowCandidate, number>();
  readonly #timer: NodeJS.Timeout;
  #heldTimer: NodeJS.Timeout | undefined;

  constructor(private readonly options: SlowConsumersOptions) {
    this.#timer = setInterval(() => this.check(), options.checkMs).unref();
  }

  get held(): number {
    return this.#held.size;
  }

  watch(candidate: SlowCandidate): () => void {
    this.#watched.set(candidate.socket, candidate);
    watchOf.set(candidate.socket, this);
    return () => {
      this.#watched.delete(candidate.socket);
      this.#held.delete(candidate);
    };
  }

  /** Holds a connection at once: whoever feeds it has found it full. */
  full(candidate: SlowCandidate): void {
    if (!this.#watched.has(candidate.socket) || this.#held.has(candidate)) return;
    this.#hold(candidate, candidate.unsentBytes(Number.POSITIVE_INFINITY));
  }

  /** More was sent to sockets that do not take what they are sent at once. */
  fed(sockets: readonly object[]): void {
    for (const socket of sockets) {
      const candidate = this.#watched.get(socket);
      if (candidate) this.#look(candidate);
    }
  }

  check(): void {
    for (const candidate of this.#watched.values()) this.#look(candidate);
  }

  applied(policy: SlowPolicy): void {
    this.options.onPolicy(policy);
  }

  leftOut(policy: SlowPolicy, messages: number): void {
    this.options.onLeftOut(policy, messages);
  }

  #look(candidate: SlowCandidate): void {
    if (this.#held.has(candidate)) return;
    const bytes = candidate.unsentBytes(Number.POSITIVE_INFINITY);
    if (bytes > this.options.unsentBytes) this.#hold(candidate, bytes);
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
