import type { RequestHandler } from 'express';

/** What this part needs of a logger; pino's fits. */
export interface HttpLog {
  debug(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** One debug line per request when it is over. Never its query or headers: tokens stand there. */
export function requestLog(log: HttpLog, now: () => number = () => performance.now()): RequestHandler {
  return (req, res, next) => {
    const startedAt = now();
    const { method, originalUrl } = req;
    const path = originalUrl.split('?', 1)[0];
    res.once('close', () => {
      log.debug({ method, path, status: res.statusCode, ms: Math.round(now() - startedAt), whole: res.writableFinished }, 'request');
    });
    next();
  };
}
