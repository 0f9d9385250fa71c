import { HubError } from '../../shared/errors.js';
import type { Rate, SharedLimits } from './shared-limits.js';
import { createSharedMeter, type SharedMeter } from './shared-meter.js';

export interface AddressLimitOptions {
  /** Connections of one address on all instances; 0: no limit. */
  readonly connectionsPerAddress: number;
  readonly authFailures: Rate;
  readonly shared: SharedLimits;
  readonly now?: () => number;
}

/** What one address (`clientAddress`) may do. */
export interface AddressLimits {
  /**
   * Counts a connection in; the function given counts it out, once however often it is called.
   * @throws HubError `too_many_connections`
   */
  connect(address: string): () => void;
  /** @throws HubError `rate_limited` with `retryAfterMs` while the address has shown too many tokens that were refused */
  admit(address: string): void;
  /** Counts a refused token. */
  failed(address: string): void;
  close(): void;
}

/** An address is told to the other instances once it has this part of its limit here: most never get near, and cost nothing. */
const SHARED_FROM = 1 / 16;
const RETRY_MS = 5_000;

export function createAddressLimits({ connectionsPerAddress, authFailures, shared, now }: AddressLimitOptions): AddressLimits {
  const connections = connectionsPerAddress === 0 ? undefined : createConnectionCounts(connectionsPerAddress, shared);
  const failures: SharedMeter | undefined =
    authFailures.points === 0
      ? undefined
      : createSharedMeter({
          rate: authFailures,
          spend: (key, points) => shared.spend('authFailures', key, points),
          ...(now ? { now } : {}),
        });
  return {
    connect: (address) => connections?.connect(address) ?? (() => {}),
    admit: (address) => {
      const waitMs = failures?.waitMs(address) ?? 0;
      if (waitMs > 0) throw new HubError('rate_limited', 'too many refused tokens came from this address', waitMs);
    },
    failed: (address) => void failures?.use(address),
    close: () => {
      connections?.close();
      failures?.close();
    },
  };
}

interface Count {
  here: number;
  /** As the other instances last said; they say it only when they have many. */
  elsewhere: number;
}

/** Connections by address, here and, for addresses with many, elsewhere. */
function createConnectionCounts(limit: number, shared: SharedLimits) {
  const counts = new Map<string, Count>();
  const told = new Set<string>();
  const sharedFrom = Math.max(1, Math.floor(limit * SHARED_FROM));

  const tell = (address: string): void => {
    const here = counts.get(address)?.here ?? 0;
    if (here < sharedFrom && !told.has(address)) return;
    if (here === 0) told.delete(address);
    else told.add(address);
    void shared.connections(address, here).then((elsewhere) => {
      const count = counts.get(address);
      if (count) count.elsewhere = elsewhere;
    });
  };
  const renewal = setInterval(() => {
    for (const address of told) tell(address);
  }, shared.leaseMs / 3).unref();

  return {
    connect: (address: string): (() => void) => {
      const count = counts.get(address) ?? { here: 0, elsewhere: 0 };
      if (count.here + count.elsewhere >= limit) {
        throw new HubError('too_many_connections', `at most ${limit} connections from one address`, RETRY_MS);
      }
      count.here += 1;
      counts.set(address, count);
      tell(address);
      let open = true;
      return () => {
        if (!open) return;
        open = false;
        count.here -= 1;
        if (count.here === 0) counts.delete(address);
        tell(address);
      };
    },
    close: () => clearInterval(renewal),
  };
}
