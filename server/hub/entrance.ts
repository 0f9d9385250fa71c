import type { IncomingMessage } from 'node:http';
import { LRUCache } from 'lru-cache';
import { HubError } from '../../shared/errors.js';
import { type Authenticator, type Credentials, createAuthenticator } from '../auth/authenticator.js';
import { isLoopback } from '../auth/loopback.js';
import { createOriginCheck, type OriginCheck } from '../auth/origins.js';
import type { Principal } from '../auth/principal.js';
import type { Config } from '../config.js';
import { type AddressLimits, createAddressLimits } from '../limits/address-limits.js';
import { clientAddress } from '../limits/client-address.js';
import { type ConnectionLimits, createConnectionLimits } from '../limits/connection-limits.js';
import type { SharedLimits, SharedRates } from '../limits/shared-limits.js';
import { createUserLimits, sharedRates, type UserLimits } from '../limits/user-limits.js';
import type { Entrance } from '../socket/socket-server.js';

export interface EntranceOptions {
  authenticator: Authenticator;
  origins: OriginCheck;
  addresses: AddressLimits;
  users: UserLimits;
  eventsPerSecond: number;
  publishesPerSecond: number;
  trustProxy: number;
}

/** Who comes in on HTTP: the same checks as on Socket.IO, with the address standing for the connection. */
export interface HttpEntrance extends Entrance {
  /** The value of `Access-Control-Allow-Origin`; undefined: the request is no page's of another origin. */
  allowOrigin(request: Pick<IncomingMessage, 'headers'>): string | undefined;
  /** @throws HubError `rate_limited` */
  take(what: 'event' | 'publish', who: { address: string; userId: string }): void;
}

/** Addresses whose HTTP rate is remembered. */
const REMEMBERED_ADDRESSES = 10_000;

/** A connection's own limits and its user's. */
class PrincipalLimits implements ConnectionLimits {
  constructor(
    private readonly own: ConnectionLimits,
    private readonly users: UserLimits,
    private readonly userId: string,
  ) {}

  take(what: 'event' | 'publish'): void {
    this.own.take(what);
    if (what === 'publish') this.users.publish(this.userId);
  }
}

/** Field by field: V8 gives each spread copy a hidden class of its own, 0.2 KiB that every guest would keep. */
const guestOf = ({ user, guest, admin, grants }: Principal, address: string): Principal => ({ user, guest, admin, grants, address });

/** Puts origin, address, token and rates together, the same for every transport. */
function createEntrance(options: EntranceOptions): HttpEntrance {
  const { authenticator, origins, addresses, users, trustProxy } = options;
  const newLimits = (): ConnectionLimits => createConnectionLimits(options);
  const byAddress = new LRUCache<string, ConnectionLimits>({ max: REMEMBERED_ADDRESSES });

  const limitsOf = ({ user }: Principal, own: ConnectionLimits): ConnectionLimits => new PrincipalLimits(own, users, user.id);

  const authenticate = async (credentials: Credentials, address: string): Promise<Principal> => {
    addresses.admit(address);
    try {
      const principal = await authenticator.authenticate(credentials);
      return principal.guest ? guestOf(principal, address) : principal;
    } catch (error) {
      if (credentials.token !== undefined && error instanceof HubError && error.code === 'unauthorized') addresses.failed(address);
      throw error;
    }
  };

  return {
    addressOf: (request) => clientAddress(request, trustProxy),
    checkOrigin: ({ headers }) => origins.check(headers),
    allowOrigin: ({ headers }) => origins.allowOrigin(headers),
    admitAddress: (address) => addresses.connect(address),
    authenticate,
    newLimits,
    limitsOf,
    take: (what, { address, userId }) => {
      const limits = byAddress.get(address) ?? newLimits();
      byAddress.set(address, limits);
      limits.take(what);
      if (what === 'publish') users.publish(userId);
    },
  };
}

/** The entrance that the configuration asks for; with the limits off, only sizes are limited. */
export function openEntrance({ config, shared }: { config: Config; shared: SharedLimits }) {
  const rates = ratesOf(config);
  const addresses = createAddressLimits({
    connectionsPerAddress: config.limits ? config.connectionsPerAddress : 0,
    authFailures: rates.authFailures,
    shared,
  });
  const users = createUserLimits({ rate: rates.publishes, shared });
  const origins = createOriginCheck({ origins: config.origins, loopback: isLoopback(config.host), behindProxy: config.trustProxy > 0 });
  const entrance = createEntrance({
    authenticator: createAuthenticator(config),
    origins,
    addresses,
    users,
    eventsPerSecond: config.limits ? config.eventsPerSecond : 0,
    publishesPerSecond: config.limits ? config.publishesPerSecond : 0,
    trustProxy: config.trustProxy,
  });
  const close = () => {
    addresses.close();
    users.close();
  };
  return { entrance, origins, close };
}

/** The windows that instances share. */
export function ratesOf({ limits, publishesPerSecond, authFailuresPerMinute }: Config): SharedRates {
  return sharedRates({
    publishesPerSecond: limits ? publishesPerSecond : 0,
    authFailuresPerMinute: limits ? authFailuresPerMinute : 0,
  });
}
