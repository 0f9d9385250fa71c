import type { IncomingMessage } from 'node:http';
import type { Principal } from '../auth/principal.js';

/** What a request counts as, towards the limits of its sender. */
export type Taking = 'event' | 'publish';

export interface GateOptions {
  /** The client's address, as far as the trusted proxies tell. */
  addressOf(req: IncomingMessage): string;
  /** @throws HubError `unauthorized`, or `rate_limited` after too many refused tokens */
  authenticate(req: IncomingMessage, address: string): Promise<Principal>;
  /** Takes one from what a sender may do per second. @throws HubError `rate_limited` with `retryAfterMs` */
  take(what: Taking, who: { address: string; userId: string }): void | Promise<void>;
}

/** Lets a request in: who is it from, and may that one ask again already. */
export type Gate = (req: IncomingMessage, what?: Taking) => Promise<Principal>;

export function createGate({ addressOf, authenticate, take }: GateOptions): Gate {
  return async (req, what = 'event') => {
    const address = addressOf(req);
    const principal = await authenticate(req, address);
    await take(what, { address, userId: principal.user.id });
    return principal;
  };
}
