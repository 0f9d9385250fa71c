import { type IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Remembered } from '../../../shared/remembered.js';

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

/** Different ones that are remembered: browsers and versions, origins and paths. */
const REMEMBERED = 1_000;
/** Characters of all headers of a browser, and more. */
const LONGEST_HEADERS = 4_096;

interface Asked {
  readonly url: string | undefined;
  readonly query: Readonly<Record<string, string>>;
}

/** What thousands of clients send alike, kept once. */
export class KnownRequests {
  readonly #asked = new Remembered<Asked>(REMEMBERED);
  readonly #headers = new Remembered<IncomingHttpHeaders>(REMEMBERED, LONGEST_HEADERS);

  asked({ url, _query: query }: OpeningRequest): Asked {
    const make = () => ({ url, query: Object.freeze(query) });
    const known = this.#asked.get(url ?? '', make);
    // A middleware may have read it in another way.
    return haveSameFields(known.query, query) ? known : make();
  }

  /** Those of `headers` that are not of one client only. */
  headers(headers: IncomingHttpHeaders): IncomingHttpHeaders {
    let key = '';
    // No header has a line's end in it.
    for (const name in headers) if (isShared(name)) key += `${name}\n${headers[name]}\n`;
    return this.#headers.get(key, () => pick(headers, isShared));
  }
}

/**
 * What is kept of the request that opened a connection: address, query, headers, and whatever a middleware put on it (a session, a user).
 * The stream that it was goes.
 */
export class KeptRequest {
  readonly #asked: Asked;
  readonly #headers: IncomingHttpHeaders;
  readonly #ownHeaders: IncomingHttpHeaders | undefined;

  constructor(request: OpeningRequest, known: KnownRequests) {
    const { headers } = request;
    this.#asked = known.asked(request);
    this.#headers = known.headers(headers);
    this.#ownHeaders = hasOwn(headers) ? pick(headers, isOwn) : undefined;
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

  get _query(): Readonly<Record<string, string>> {
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

/** One header, by its name in small letters, without a copy of all. */
export function headerOf(request: Pick<IncomingMessage, 'headers'> | KeptRequest, name: string): string | string[] | undefined {
  return request instanceof KeptRequest ? request.header(name) : request.headers[name];
}

const isOwn = (name: string): boolean => OWN_HEADERS.has(name);
const isShared = (name: string): boolean => !isOwn(name) && !DROPPED_HEADERS.has(name);

function hasOwn(headers: IncomingHttpHeaders): boolean {
  for (const name in headers) if (isOwn(name)) return true;
  return false;
}

function pick(headers: IncomingHttpHeaders, wanted: (name: string) => boolean): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => wanted(name)));
}

function haveSameFields(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
