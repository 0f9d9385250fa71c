import { ClientClosedError, ClientOfflineError, ErrorReply } from 'redis';
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

/**
 * Whatever a Redis client threw, as the one error that crosses parts. A fault that is no reply is a fault of the connection: what the
 * client had not refused by then may have been on its way.
 */
export function toHubError(thrown: unknown): HubError {
  if (thrown instanceof HubError) return thrown;
  const code = replyCode(thrown);
  if (code !== undefined) return withCause(new HubError(REPLIES[code] ?? 'internal'), thrown);
  const neverSent = thrown instanceof ClientClosedError || thrown instanceof ClientOfflineError;
  return neverSent ? new HubError('unavailable', UNREACHED) : outcomeUnknown('The connection to Redis was lost before the answer came');
}

export const UNREACHED = 'Redis cannot be reached; nothing was stored.';

/** `timeout`, of a command that was given to the connection and not answered. `reason` is a clause without its full stop. */
export function outcomeUnknown(reason: string): HubError {
  return new HubError('timeout', `${reason}; what was sent may be stored, and a repetition with the same id is harmless.`);
}

/**
 * The result of what changes nothing a client could ask about.
 * @throws HubError `unavailable` in place of `timeout`: whether it was carried out makes no difference
 */
export async function asRead<Result>(asked: Promise<Result>): Promise<Result> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof HubError && error.code === 'timeout')
      throw new HubError('unavailable', 'Redis did not answer; nothing was stored.');
    throw error;
  }
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
