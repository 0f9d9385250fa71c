/** Port: the time and the one-shot timers of whatever waits, so that a test can hold both. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls once after `afterMs`; gives the function that calls it off. A pending call does not keep the process alive. */
  after(afterMs: number, call: () => void): () => void;
}

export const systemClock: Clock = {
  now: Date.now,
  after(afterMs, call) {
    const timer = setTimeout(call, afterMs).unref();
    return () => clearTimeout(timer);
  },
};
