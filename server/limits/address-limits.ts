import { HubError } from '../../shared/errors.js';
import { once } from '../once.js';
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
   * Counts a connection in; the function given counts it out, once however often it is called. Only an address with many connections
   * waits for an answer of the other instances, and only a refusal has to be waited for besides.
   * @throws HubError `too_many_connections`, as a rejection
   */
  connect(address: string): (() => void) | Promise<() => void>;
  /** @throws HubError `rate_limited` with `retryAfterMs` while the address has shown too many tokens that were refused */
  admit(address: string): void;
  /** Counts a refused token. */
  failed(address: string): void;
  close(): void;
}

/** An address is told to the other instances once it has this part of its limit here: most never get near, and cost nothing. */
const SHARED_FROM = 1 / 16;
const RETRY_MS = 5_000;

/** Of all connections where none is counted: each would keep one of its own. */
const uncounted = (): void => {};

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
    connect: (address) => connections?.connect(address) ?? uncounted,
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

/** Connections by address: counted here, and, for addresses with many, asked about elsewhere. */
function createConnectionCounts(limit: number, shared: SharedLimits) {
  const counts = new Map<string, number>();
  /** Addresses whose count the other instances hold. */
  const told = new Set<string>();
  const sharedFrom = Math.max(1, Math.floor(limit * SHARED_FROM));

  /** Undefined: nobody needs to know. */
  const tell = (address: string): Promise<number> | undefined => {
    const here = counts.get(address) ?? 0;
    if (here < sharedFrom && !told.has(address)) return undefined;
    if (here === 0) told.delete(address);
    else told.add(address);
    return shared.connections(address, here);
  };
  const add = (address: string, change: 1 | -1): number => {
    const here = (counts.get(address) ?? 0) + change;
    if (here === 0) counts.delete(address);
    else counts.set(address, here);
    return here;
  };
  const refuse = async (leave: () => void): Promise<never> => {
    leave();
    throw new HubError('too_many_connections', `at most ${limit} connections from one address`, RETRY_MS);
  };
  const renewal = setInterval(() => {
    for (const address of told) void tell(address);
  }, shared.leaseMs / 3).unref();

  return {
    connect: (address: string): (() => void) | Promise<() => void> => {
      const here = add(address, 1);
      const leave = once(() => {
        add(address, -1);
        void tell(address);
      });
      if (here > limit) return refuse(leave);
      return tell(address)?.then((elsewhere) => (here + elsewhere > limit ? refuse(leave) : leave)) ?? leave;
    },
    close: () => clearInterval(renewal),
  };
}
