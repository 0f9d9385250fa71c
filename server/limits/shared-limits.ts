/** So many points per key within each window of `seconds`. */
export interface Rate {
  readonly points: number;
  readonly seconds: number;
}

/** What is counted over all instances. */
export type SharedRates = Readonly<Record<'publishes' | 'authFailures', Rate>>;
export type SharedRateName = keyof SharedRates;

/**
 * Port: what the instances of one hub tell one another about those who use it.
 *
 * Failure: no method rejects. While the store is away, each instance counts for itself.
 */
export interface SharedLimits {
  /** Adds to what `key` used in its window, and gives the milliseconds that it has to wait for the next one; 0: it may go on. */
  spend(rate: SharedRateName, key: string, points: number): Promise<number>;
  /**
   * Says how many connections an address has here, and gives how many it has elsewhere. What was said lapses after `leaseMs` unless it is said again.
   */
  connections(address: string, here: number): Promise<number>;
  readonly leaseMs: number;
}
