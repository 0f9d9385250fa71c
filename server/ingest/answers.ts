import type { Response } from 'express';
import { ERRORS, type ErrorCode, type HubError, toWireError } from '../../shared/errors.js';
import type { IngestReport } from './ingest-report.js';

/** How the senders of one format are told what became of a request. */
export interface Answers {
  done(res: Response, report: IngestReport): void;
  failed(res: Response, error: HubError, report: IngestReport): void;
}

/** Tells when to come again, where that may help. */
export function setRetryAfter(res: Response, { code, retryAfterMs = 1_000 }: HubError): void {
  if (ERRORS[code].retry === 'later') res.set('Retry-After', String(Math.ceil(retryAfterMs / 1_000)));
}

/** The first reasons of a refusal in one sentence. @param place what the numbers in the report count */
export function reasons({ refused, errors }: IngestReport, place = 'line'): string {
  const said = errors.slice(0, 3).map(({ line, message }) => `${place} ${line}: ${message}`);
  return `${said.join('; ')}${refused > said.length ? `; and ${refused - said.length} more` : ''}`;
}

/** Our own: the counts and the first errors by line; 400 when nothing of the body could be taken. */
export const OWN_ANSWERS: Answers = {
  done(res, report) {
    const { accepted, refused, errors } = report;
    const first = errors[0];
    if (accepted > 0 || !first) return void res.json({ accepted, refused, errors });
    const error = { code: first.code, message: reasons(report), retry: ERRORS[first.code].retry };
    res.status(ERRORS[first.code].status).json({ error, accepted, refused, errors });
  },
  failed(res, error, { accepted, refused, errors }) {
    setRetryAfter(res, error);
    if (error.code === 'unauthorized') res.set('WWW-Authenticate', 'Bearer');
    res.status(ERRORS[error.code].status).json({ error: toWireError(error), accepted, refused, errors });
  },
};

/** InfluxDB's codes by ours; its clients repeat a request on 429 and 5xx only. Source: the InfluxDB v2 API, `Error.code`. */
const INFLUX_CODES: Partial<Record<ErrorCode, string>> = {
  unauthorized: 'unauthorized',
  forbidden: 'forbidden',
  not_found: 'not found',
  too_large: 'request too large',
  rate_limited: 'too many requests',
  busy: 'unavailable',
  unavailable: 'unavailable',
  storage_full: 'unavailable',
  closing: 'unavailable',
  timeout: 'unavailable',
  internal: 'internal error',
};

/** InfluxDB's: 204 when all was taken, `{ code, message }` else (`error` for clients of version 1); the good part of a body stays taken. */
export const INFLUX_ANSWERS: Answers = {
  done(res, report) {
    const { accepted, refused } = report;
    if (refused === 0) return void res.status(204).end();
    const message = `${accepted > 0 ? 'partial write: ' : ''}${reasons(report)} dropped=${refused}`;
    res.status(400).json({ code: 'invalid', message, error: message });
  },
  failed(res, error) {
    setRetryAfter(res, error);
    const { code, message } = toWireError(error);
    res.status(ERRORS[code].status).json({ code: INFLUX_CODES[code] ?? 'invalid', message, error: message });
  },
};
