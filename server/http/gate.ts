import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import type { Principal } from '../auth/principal.js';
import type { AnyRequest } from './route.js';

/** What a request counts as, towards the limits of its sender. */
export type Taking = 'event' | 'publish';

export interface GateOptions {
  /** @throws HubError `unauthorized`, or `rate_limited` after too many refused tokens */
  authenticate(req: IncomingMessage): Promise<Principal>;
  /** Takes one from what a sender may do per second. @throws HubError `rate_limited` with `retryAfterMs` */
  take(what: Taking, who: { address: string; userId: string }): void | Promise<void>;
}

/** Lets a request in: who is it from, and may that one ask again already. */
export type Gate = (req: AnyRequest, what?: Taking) => Promise<Principal>;

/** The address that a request came from, as far as the trusted proxies tell. */
export const addressOf = (req: Pick<Request, 'ip'>): string => req.ip ?? 'unknown';

export function createGate({ authenticate, take }: GateOptions): Gate {
  return async (req, what = 'event') => {
    const principal = await authenticate(req);
    await take(what, { address: addressOf(req), userId: principal.user.id });
    return principal;
  };
}
