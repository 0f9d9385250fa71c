import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { ERRORS, HubError, toWireError } from '../../shared/errors.js';
import type { HttpLog } from './request-log.js';

/** What express, body-parser and send throw: an error with a status, and for bodies the kind of fault. */
interface HttpFault {
  readonly status: number;
  readonly type?: string;
}

const isHttpFault = (thrown: unknown): thrown is Error & HttpFault =>
  thrown instanceof Error && 'status' in thrown && typeof thrown.status === 'number';

/** Kinds of body-parser's faults that say more than their status. */
const BODY_FAULTS: Readonly<Record<string, HubError>> = {
  'entity.too.large': new HubError('too_large'),
  'entity.parse.failed': new HubError('invalid', 'the body is not JSON'),
  'encoding.unsupported': new HubError('invalid', 'the Content-Encoding of the body is not supported'),
  'charset.unsupported': new HubError('invalid', 'a JSON body is UTF-8'),
};

/** The protocol's error for whatever was thrown; undefined for a fault of ours, which must not leak. */
function translate(thrown: unknown): HubError | undefined {
  if (thrown instanceof HubError) return thrown;
  if (!isHttpFault(thrown) || thrown.status >= 500) return undefined;
  const known = thrown.type !== undefined && Object.hasOwn(BODY_FAULTS, thrown.type) ? BODY_FAULTS[thrown.type] : undefined;
  if (known) return known;
  return thrown.status === 404 ? new HubError('not_found') : new HubError('invalid', 'the request is malformed');
}

/** Seconds of `Retry-After` for an error that may pass; its own wish, else one second. */
function retryAfterSeconds(error: HubError): number | undefined {
  if (error.retryAfterMs !== undefined) return Math.ceil(error.retryAfterMs / 1000);
  return ERRORS[error.code].retry === 'later' && ERRORS[error.code].status !== 500 ? 1 : undefined;
}

/** Answers with an error: the status of its code unless one is given, `{ error }`, and the headers that go with it. */
export function sendError(res: Response, error: HubError, status: number = ERRORS[error.code].status): void {
  const seconds = retryAfterSeconds(error);
  if (seconds !== undefined) res.set('Retry-After', String(seconds));
  if (status === 401 && !res.hasHeader('WWW-Authenticate')) res.set('WWW-Authenticate', 'Bearer');
  if ('close' in ERRORS[error.code]) res.set('Connection', 'close');
  res.set('Cache-Control', 'no-store');
  res.status(status).json({ error: toWireError(error) });
}

/** The one place where what a handler threw becomes an answer; it never passes an error on. */
export function errorAnswers(log: HttpLog): ErrorRequestHandler {
  return (thrown: unknown, req, res, _next) => {
    const error = translate(thrown);
    if (!error) log.error({ err: thrown, method: req.method, path: req.path }, 'a request failed');
    // Too late for a status: the reader must see that the body is not whole.
    if (res.headersSent) res.destroy();
    else sendError(res, error ?? new HubError('internal'));
  };
}

/** The end of the line under a path that is wholly ours. */
export const noSuchPath: RequestHandler = (req) => {
  throw new HubError('not_found', `no such path: ${req.method} ${req.baseUrl}${req.path}`.slice(0, 300));
};
