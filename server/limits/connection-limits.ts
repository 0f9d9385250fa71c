import { HubError } from '../../shared/errors.js';
import { createTokenBucket } from './token-bucket.js';

export interface ConnectionLimitOptions {
  /** 0: no limit. */
  readonly eventsPerSecond: number;
  /** 0: no limit. */
  readonly publishesPerSecond: number;
  readonly now?: () => number;
}

export type LimitedAct = 'event' | 'publish';

/** What one connection may do per second. Lives in this process: it stands in the way of every event. */
export interface ConnectionLimits {
  /**
   * Counts one act: every event is an `event`; a publication is a `publish` besides.
   * @throws HubError `rate_limited` with `retryAfterMs`; `flood` when the connection goes on far beyond its limit all the same
   */
  take(act: LimitedAct): void;
}

/** Seconds of the rate that may come at once: a page that reloads its state, a client that flushes its outbox. */
export const BURST_SECONDS = 5;
/**
 * Seconds of the rate that may be refused at once, beyond what is refused at the rate itself. So a client that asks twice as often as it may is told
 * so for ever, and one that asks ten times as often is cut off after about a second.
 */
export const FLOOD_SECONDS = 10;

export function createConnectionLimits({
  eventsPerSecond,
  publishesPerSecond,
  now = performance.now.bind(performance),
}: ConnectionLimitOptions): ConnectionLimits {
  const gates = { event: gate('events', eventsPerSecond, now), publish: gate('publications', publishesPerSecond, now) };
  return { take: (act) => gates[act]() };
}

function gate(what: string, perSecond: number, now: () => number): () => void {
  if (perSecond === 0) return () => {};
  const allowed = createTokenBucket({ perSecond, burst: perSecond * BURST_SECONDS, now });
  const refused = createTokenBucket({ perSecond, burst: perSecond * FLOOD_SECONDS, now });
  return () => {
    const waitMs = allowed.take();
    if (waitMs === 0) return;
    if (refused.take() > 0) throw new HubError('flood', `far more than ${perSecond} ${what} per second came`, FLOOD_SECONDS * 1_000);
    throw new HubError('rate_limited', `at most ${perSecond} ${what} per second`, waitMs);
  };
}
