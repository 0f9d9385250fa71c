import { type IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { EqualOnce } from './equal-once.js';

/** The request that opened a connection, with what engine.io puts on it. */
export type OpeningRequest = IncomingMessage & { _query: Record<string, string>; websocket?: unknown };

/** Headers whose value is hardly ever two clients'. */
const OWN_HEADERS = new Set([
  'authorization',
  'cookie',
  'forwarded',
  'traceparent',
  'x-client-ip',
  'x-forwarded-for',
  'x-forwarded-port',
  'x-real-ip',
  'x-request-id',
]);
/** Random, and of no use once it is answered. */
const DROPPED_HEADERS = new Set(['sec-websocket-key']);
/** A request's own properties that are Node's and engine.io's; others are what a middleware put there. */
const STOCK_PROPERTIES = new Set([
  ...Object.keys(new IncomingMessage(null as never)),
  ...['_events', '_eventsCount', '_query', 'cleanup', 'headers', 'res', 'websocket'],
]);

interface Asked {
  readonly url: string | undefined;
  readonly query: Record<string, string>;
}

/**
 * What is kept of the request that opened a connection: address, query, headers, and whatever a middleware put on it (a session, a user).
 * The stream that it was goes, and what many clients send alike is kept once.
 */
export class KeptRequest {
  readonly #asked: Asked;
  readonly #headers: IncomingHttpHeaders;
  readonly #ownHeaders: IncomingHttpHeaders | undefined;

  constructor(request: OpeningRequest, once: EqualOnce) {
    const { shared, own } = splitHeaders(request.headers);
    this.#asked = once.of<Asked>({ url: request.url, query: request._query });
    this.#headers = once.of(shared);
    this.#ownHeaders = own;
    this.socket = request.socket;
    for (const name of Object.keys(request)) {
      if (!STOCK_PROPERTIES.has(name)) (this as Record<string, unknown>)[name] = request[name as keyof OpeningRequest];
    }
  }

  /** Of TCP or TLS: address and certificate. */
  readonly socket: IncomingMessage['socket'];

  get connection(): IncomingMessage['socket'] {
    return this.socket;
  }

  get method(): string {
    return 'GET';
  }

  get url(): string | undefined {
    return this.#asked.url;
  }

  get _query(): Record<string, string> {
    return this.#asked.query;
  }

  /** By its name in small letters. */
  header(name: string): string | string[] | undefined {
    return this.#headers[name] ?? this.#ownHeaders?.[name];
  }

  /** A copy: what is changed on it is not kept. */
  get headers(): IncomingHttpHeaders {
    return { ...this.#headers, ...this.#ownHeaders };
  }
}

function splitHeaders(headers: IncomingHttpHeaders): { shared: IncomingHttpHeaders; own: IncomingHttpHeaders | undefined } {
  const shared: IncomingHttpHeaders = {};
  let own: IncomingHttpHeaders | undefined;
  for (const name of Object.keys(headers)) {
    if (DROPPED_HEADERS.has(name)) continue;
    if (!OWN_HEADERS.has(name)) shared[name] = headers[name];
    else {
      own ??= {};
      own[name] = headers[name];
    }
  }
  return { shared, own };
}
