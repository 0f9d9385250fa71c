import { ErrorReply } from 'redis';
import { type ErrorCode, HubError } from '../../shared/errors.js';

/**
 * First words of Redis's error replies that say something about its state. MISCONF: it stopped taking writes because its own
 * disk does not take them. Any other reply means that the hub asked for something wrong.
 * Source: redis/src/server.c, `createSharedObjects`.
 */
const REPLIES: Readonly<Record<string, ErrorCode>> = {
  OOM: 'storage_full',
  MISCONF: 'storage_full',
  READONLY: 'unavailable',
  LOADING: 'unavailable',
  BUSY: 'unavailable',
  MASTERDOWN: 'unavailable',
  NOREPLICAS: 'unavailable',
  CLUSTERDOWN: 'unavailable',
  TRYAGAIN: 'unavailable',
  MOVED: 'unavailable',
  ASK: 'unavailable',
  UNBLOCKED: 'unavailable',
  NOAUTH: 'unavailable',
  WRONGPASS: 'unavailable',
};

export function replyCode(error: unknown): string | undefined {
  return error instanceof ErrorReply ? error.message.split(' ', 1)[0] : undefined;
}

/** Another server of the Cluster is responsible. */
export function isRedirection(error: unknown): boolean {
  const code = replyCode(error);
  return code === 'MOVED' || code === 'ASK';
}

/** Whatever a Redis client threw, as the one error that crosses parts. A fault that is no reply is a fault of the connection. */
export function toHubError(thrown: unknown): HubError {
  if (thrown instanceof HubError) return thrown;
  const code = replyCode(thrown);
  if (code === undefined) return new HubError('unavailable', 'Redis cannot be reached; nothing was stored.');
  return withCause(new HubError(REPLIES[code] ?? 'internal'), thrown);
}

function withCause(error: HubError, cause: unknown): HubError {
  error.cause = cause;
  return error;
}

/** For log lines. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message || error.name : String(error);
}
