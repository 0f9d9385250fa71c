import type { IncomingHttpHeaders } from 'node:http';
import type { RequestHandler } from 'express';
import helmet from 'helmet';
import { GUEST_HEADERS } from './guest-headers.js';

/** Headers for pages: nothing from elsewhere is loaded, framed or sent to. `directives` go before those of our own pages. */
export function pageHeaders(directives: Record<string, readonly string[]> = {}): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        // 'self' covers ws: and wss: to the page's own host.
        connectSrc: ["'self'"],
        workerSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        ...directives,
      },
    },
    // Whether a host is to be reached by TLS only is for whoever runs the proxy in front to say.
    strictTransportSecurity: false,
  });
}

const API_HEADERS = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** Headers for answers that are no pages: whatever a browser takes one for, it runs and loads nothing. Few, for they are on every long poll. */
export const apiHeaders: RequestHandler = (_req, res, next) => {
  res.set(API_HEADERS);
  next();
};

/** The hub's allow-list of origins, as `server/auth` holds it. */
export interface HttpOrigins {
  /** @throws HubError `origin_refused` */
  check(headers: IncomingHttpHeaders): void;
  /** The value of `Access-Control-Allow-Origin`; undefined: the request is no page's of another origin. */
  allowOrigin(headers: IncomingHttpHeaders): string | undefined;
}

const METHODS = 'GET, HEAD, POST, PUT, DELETE';
const REQUEST_HEADERS = `Authorization, Content-Type, Idempotency-Key, If-None-Match, If-Range, Last-Event-ID, Range, ${GUEST_HEADERS.name}, ${GUEST_HEADERS.key}`;
const RESPONSE_HEADERS = 'Accept-Ranges, Allow, Content-Disposition, Content-Range, ETag, Location, Retry-After';
const PREFLIGHT_SECONDS = '600';

/**
 * Holds pages to the allow-list of origins, and gives the allowed ones CORS headers. Credentials are never allowed: the hub
 * takes tokens, not cookies.
 */
export function originGuard(origins: HttpOrigins): RequestHandler {
  return (req, res, next) => {
    res.vary('Origin');
    origins.check(req.headers);
    const allowed = origins.allowOrigin(req.headers);
    if (allowed === undefined) return next();
    res.set('Access-Control-Allow-Origin', allowed);
    res.set('Access-Control-Expose-Headers', RESPONSE_HEADERS);
    if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined) return next();
    res.set('Access-Control-Allow-Methods', METHODS);
    res.set('Access-Control-Allow-Headers', REQUEST_HEADERS);
    res.set('Access-Control-Max-Age', PREFLIGHT_SECONDS);
    res.status(204).end();
  };
}
