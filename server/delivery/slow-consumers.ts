/** A connection that can be held back. */
export interface SlowCandidate {
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
  checkMs: number;
  onHold(): void;
}

/** Times the limit at which a held connection is ended. */
const CUT_FACTOR = 16;

/**
 * Watches how much waits for each connection and holds those that do not read. What one connection makes the process keep is bounded by
 * the limit and what is sent to it between two checks.
 */
export class SlowConsumers {
  readonly #watched = new Set<SlowCandidate>();
  readonly #held = new Set<SlowCandidate>();
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly options: SlowConsumersOptions) {
    this.#timer = setInterval(() => this.check(), options.checkMs).unref();
  }

  get held(): number {
    return this.#held.size;
  }

  watch(candidate: SlowCandidate): () => void {
    this.#watched.add(candidate);
    return () => {
      this.#watched.delete(candidate);
      this.#held.delete(candidate);
    };
  }

  check(): void {
    const limit = this.options.unsentBytes;
    for (const candidate of this.#watched) {
      const held = this.#held.has(candidate);
      const bytes = candidate.unsentBytes(limit * CUT_FACTOR);
      if (bytes > limit * CUT_FACTOR) candidate.cut();
      else if (!held && bytes > limit) {
        this.#held.add(candidate);
        this.options.onHold();
        candidate.hold();
      } else if (held && bytes <= limit / 4) {
        this.#held.delete(candidate);
        candidate.release();
      }
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
