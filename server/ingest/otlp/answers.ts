import type { Response } from 'express';
import { ERRORS, type HubError, toWireError } from '../../../shared/errors.js';
import { type Answers, setRetryAfter } from '../answers.js';
import { encodingOf, FALLBACK_ENCODING, type PartialSuccess } from './encodings.js';

/** Codes of google.rpc.Status by HTTP status. Source: github.com/googleapis/googleapis, google/rpc/code.proto. */
const RPC_CODES: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 404: 5, 413: 3, 415: 3, 429: 8, 503: 14, 504: 4 };
const INTERNAL = 13;
const STORAGE_FULL = 507;
const UNSUPPORTED_TYPE = 415;
/** Reasons that a message names. */
const REASONS = 3;

function send(res: Response, status: number, type: string, body: Buffer): void {
  // Express' own setter adds a charset, which OTLP's types do not have.
  res.status(status).setHeader('Content-Type', type);
  res.end(body);
}

/** A store without space is told as one that is away: OTLP's senders come back on 429, 502, 503 and 504 only. */
function statusOf(error: HubError, known: boolean): number {
  if (!known && error.code === 'invalid') return UNSUPPORTED_TYPE;
  const { status } = ERRORS[error.code];
  return status === STORAGE_FULL ? 503 : status;
}

/**
 * OTLP's own, in the encoding of the request: 200 with what was rejected of it, else a Status. Source: opentelemetry.io/docs/specs/otlp,
 * OTLP/HTTP response.
 * @param item what the path takes, in a message
 */
export const otlpAnswers = (countedAs: PartialSuccess['countedAs'], item: string): Answers => ({
  done(res, { refusedItems, errors }) {
    const { type, response } = encodingOf(res.req) ?? FALLBACK_ENCODING;
    const first = [...errors].sort((a, b) => a.line - b.line).slice(0, REASONS);
    const said = first.map(({ line, message }) => `${item} ${line}: ${message}`);
    const partial = refusedItems === 0 ? undefined : { countedAs, rejected: refusedItems, message: said.join('; ') };
    send(res, 200, type, response(partial));
  },
  failed(res, error) {
    const encoding = encodingOf(res.req);
    const { type, status } = encoding ?? FALLBACK_ENCODING;
    const http = statusOf(error, encoding !== undefined);
    setRetryAfter(res, error);
    if (http === 401) res.set('WWW-Authenticate', 'Bearer');
    send(res, http, type, status({ code: RPC_CODES[http] ?? INTERNAL, message: toWireError(error).message }));
  },
});
