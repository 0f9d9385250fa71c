import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { HubError } from '../../shared/errors.js';
import { Remembered } from '../../shared/remembered.js';
import { isLoopback } from './loopback.js';

export interface OriginOptions {
  /** `https://example.com`, `https://*.example.com`, or `*`; empty: the hub's own origin, and loopback ones where `loopback`. */
  readonly origins: readonly string[];
  /** The hub is bound to loopback. */
  readonly loopback: boolean;
  /** A reverse proxy is in front: a foreign host name is its public name. */
  readonly behindProxy: boolean;
}

export type OriginHeaders = Pick<IncomingHttpHeaders, 'origin' | 'host'>;

export interface OriginCheck {
  /**
   * Refuses requests of pages that may not use this hub. A request without Origin is no page's, or a page's of the hub itself.
   * @throws HubError `origin_refused`
   */
  check(headers: OriginHeaders): void;
  /** What `Access-Control-Allow-Origin` says to this request; undefined: nothing. */
  allowOrigin(headers: OriginHeaders): string | undefined;
}

const hostnameOf = (host: string): string => {
  const url = `http://${host}`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, '') : '';
};

function matchesOrigin(pattern: string, origin: string): boolean {
  if (pattern === '*') return true;
  const star = pattern.indexOf('*.');
  if (star < 0) return pattern.toLowerCase() === origin;
  const [scheme, domain] = [pattern.slice(0, star), pattern.slice(star + 1).toLowerCase()];
  return origin.startsWith(scheme) && origin.slice(scheme.length).endsWith(domain);
}

/** Hosts, and pairs of origin and host, that are judged once: clients say the same few again and again. */
const REMEMBERED = 100;

/** The allow-list of origins, for every HTTP request, every transport and every upgrade. */
export function createOriginCheck({ origins, loopback, behindProxy }: OriginOptions): OriginCheck {
  const listed = (origin: string) => origins.some((pattern) => matchesOrigin(pattern, origin));
  const listedHost = (host: string) => listed(`http://${host}`) || listed(`https://${host}`);

  // A page can give its own name an address of this machine (DNS rebinding); to the browser the hub is then its own origin. So a hub that
  // trusts whoever reaches it over loopback answers to no name that it was not told. A name without a dot is nobody's to register.
  const isForeign = (host: string): boolean => {
    const name = hostnameOf(host);
    return name.includes('.') && isIP(name) === 0 && !isLoopback(name) && !listedHost(host.toLowerCase());
  };
  const isAllowed = (origin: string, host: string | undefined): boolean => {
    if (listed(origin)) return true;
    if (!URL.canParse(origin)) return false;
    const url = new URL(origin);
    if (host !== undefined && url.host === host.toLowerCase()) return true;
    return origins.length === 0 && loopback && isLoopback(url.hostname);
  };

  const hosts = new Remembered<boolean>(REMEMBERED);
  const pairs = new Remembered<boolean>(REMEMBERED);
  const foreignHost = (host: string) => loopback && !behindProxy && hosts.get(host, () => isForeign(host));
  // No header has a line's end in it.
  const allowed = (origin: string, host: string | undefined) =>
    pairs.get(`${origin}\n${host ?? '\n'}`, () => isAllowed(origin.toLowerCase(), host));

  return {
    check: ({ origin, host }) => {
      if (host !== undefined && foreignHost(host)) {
        throw new HubError(
          'origin_refused',
          `this hub does not answer to the name ${hostnameOf(host)}: set ROOMCAST_ORIGINS or ROOMCAST_TRUST_PROXY`,
        );
      }
      if (origin !== undefined && !allowed(origin, host)) throw new HubError('origin_refused');
    },
    allowOrigin: ({ origin, host }) => (origin !== undefined && allowed(origin, host) ? origin : undefined),
  };
}
