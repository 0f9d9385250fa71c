import { HubError } from '../../shared/errors.js';
import { TokenBucket } from './token-bucket.js';

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
const FLOOD_SECONDS = 10;

const UNLIMITED: ConnectionLimits = { take: () => {} };

/** Connections may share their options. */
export function createConnectionLimits(options: ConnectionLimitOptions): ConnectionLimits {
  return options.eventsPerSecond === 0 && options.publishesPerSecond === 0 ? UNLIMITED : new RateLimits(options);
}

/** Each rate has its buckets from when it is first used, so that a connection that only listens has little to keep. */
class RateLimits implements ConnectionLimits {
  #events: Gate | undefined;
  #publishes: Gate | undefined;

  constructor(private readonly options: ConnectionLimitOptions) {}

  take(act: LimitedAct): void {
    const { eventsPerSecond, publishesPerSecond, now = performance.now.bind(performance) } = this.options;
    if (act === 'event') {
      this.#events ??= new Gate();
      this.#events.take('events', eventsPerSecond, now());
    } else {
      this.#publishes ??= new Gate();
      this.#publishes.take('publications', publishesPerSecond, now());
    }
  }
}

class Gate {
  #allowed: TokenBucket | undefined;
  #refused: TokenBucket | undefined;

  take(what: string, perSecond: number, now: number): void {
    if (perSecond === 0) return;
    const [burst, flood] = [perSecond * BURST_SECONDS, perSecond * FLOOD_SECONDS];
    this.#allowed ??= new TokenBucket(burst, now);
    const waitMs = this.#allowed.take({ perSecond, burst }, now);
    if (waitMs === 0) return;
    this.#refused ??= new TokenBucket(flood, now);
    const isFlood = this.#refused.take({ perSecond, burst: flood }, now) > 0;
    if (isFlood) throw new HubError('flood', `far more than ${perSecond} ${what} per second came`, FLOOD_SECONDS * 1_000);
    throw new HubError('rate_limited', `at most ${perSecond} ${what} per second`, waitMs);
  }
}
