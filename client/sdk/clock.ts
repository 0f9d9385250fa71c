import type { Off } from './api.js';

/** Time and chance, given from outside so that tests hold both. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs once after `ms`, unless ended before. */
  schedule(ms: number, run: () => void): Off;
  /** 0 to 1, 1 excluded. */
  random(): number;
}

/** The longest delay that timers take; a longer one would fire at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(ms, run) {
    const timer = setTimeout(run, Math.min(Math.max(ms, 0), TIMER_MAX_MS));
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

export interface BackoffBounds {
  /** Milliseconds that the first pause may last at most. */
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * The pause in milliseconds before try number `attempt` (1 is the first repetition): anything up to an exponentially growing bound, so that
 * clients that failed together do not return together ("full jitter", AWS Architecture Blog: Exponential Backoff And Jitter).
 * @param atLeastMs what the hub asked for: it knows best, so the pause grows from that instead of `baseMs`
 */
export function backoffMs(attempt: number, { baseMs, maxMs }: BackoffBounds, random: () => number, atLeastMs = 0): number {
  const stepMs = atLeastMs > 0 ? Math.min(atLeastMs, baseMs) : baseMs;
  return atLeastMs + random() * Math.min(maxMs, stepMs * 2 ** Math.min(attempt - 1, 30));
}
