import type { Request, RequestHandler, Router } from 'express';
import type { z } from 'zod';
import { HubError } from '../../shared/errors.js';
import { sendError } from './errors.js';

/** A request of any path: its parameters are not looked at. */
export type AnyRequest = Request<Record<string, string>>;

type Method = 'get' | 'post' | 'delete';
type Handlers<Path extends string> = Partial<Record<Method, RequestHandler<PathParams<Path>>>>;

/** `{ room: string }` of `/api/rooms/:room/messages`. */
type PathParams<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Record<Name, string> & PathParams<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Record<Name, string>
    : Record<never, string>;

/** Gives a path its methods. Any other method is answered 405, `OPTIONS` 204, both with `Allow`. */
export function route<const Path extends string>(router: Router, path: Path, handlers: Handlers<Path>): void {
  const allow = [...Object.keys(handlers).map((method) => method.toUpperCase()), ...('get' in handlers ? ['HEAD'] : []), 'OPTIONS'].join(
    ', ',
  );
  for (const [method, handler] of Object.entries(handlers)) {
    // The parameters' names are those of the path; express knows them as a plain record.
    router[method as Method](path, handler as RequestHandler);
  }
  router.all(path, (req, res) => {
    res.set('Allow', allow);
    if (req.method === 'OPTIONS') res.status(204).end();
    else sendError(res, new HubError('unknown_event', `${req.method} is not one of ${allow}`), 405);
  });
}

/**
 * Reads input of a request with a schema.
 * @throws HubError `invalid` that names the first fault and where it is
 */
export function readInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.join('.');
  throw new HubError('invalid', [where, issue?.message].filter(Boolean).join(': ').slice(0, 300));
}
