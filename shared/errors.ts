/** What a client may do after an error: never repeat it, repeat it later, or repeat it with another token. */
export type Retry = 'never' | 'later' | 'after-auth';

interface ErrorKind {
  readonly retry: Retry;
  /** HTTP status of the same error on the HTTP API. */
  readonly status: number;
  /** The connection ends after the error was sent. */
  readonly close?: true;
  readonly means: string;
}

/** Every error code on every transport, with what it asks of the client. */
export const ERRORS = {
  invalid: { retry: 'never', status: 400, means: 'The payload does not have the shape that the event takes.' },
  unknown_event: { retry: 'never', status: 404, means: 'No handler exists for the event or path.' },
  unknown_kind: { retry: 'never', status: 400, means: 'The part before the colon of the room name is not a kind.' },
  unknown_job: { retry: 'never', status: 404, means: 'No job or handler of that name or id exists.' },
  not_found: { retry: 'never', status: 404, means: 'What was asked for does not exist.' },
  not_subscribed: { retry: 'never', status: 409, means: 'The connection is not subscribed to the room.' },
  missing_ack: { retry: 'never', status: 400, means: 'The event was sent without an acknowledgement callback.' },
  too_large: { retry: 'never', status: 413, means: 'The payload has more bytes than the limit.' },
  too_deep: { retry: 'never', status: 400, means: 'The payload is nested deeper than the limit.' },
  unauthorized: { retry: 'after-auth', status: 401, means: 'The token is missing, malformed or expired.' },
  forbidden: { retry: 'never', status: 403, means: 'The token does not allow this on this room.' },
  origin_refused: { retry: 'never', status: 403, means: 'The page that connects is not on the allow-list of origins.' },
  too_many_rooms: { retry: 'never', status: 429, means: 'The connection is in as many rooms as it may be.' },
  too_many_views: { retry: 'later', status: 429, means: 'The user or address sees the room in as many different ways as it may at once.' },
  too_many_connections: { retry: 'later', status: 429, means: 'The address has as many connections as it may have.' },
  rate_limited: { retry: 'later', status: 429, means: 'More events or publications came than the limit allows.' },
  flood: { retry: 'later', status: 429, close: true, means: 'The connection went on far beyond its limit.' },
  busy: { retry: 'later', status: 503, means: 'A queue is full; the work was not taken.' },
  unavailable: { retry: 'later', status: 503, means: 'The store cannot be reached; nothing was stored.' },
  storage_full: { retry: 'later', status: 507, means: 'The store has no space left; nothing was stored.' },
  out_of_order: { retry: 'later', status: 409, means: 'The message that this one comes after is not stored; nothing was stored.' },
  uncertain: { retry: 'never', status: 409, means: 'The message may be stored already, and whether it is cannot be told any more.' },
  timeout: { retry: 'later', status: 504, means: 'No answer came in time; what was asked for may have been done.' },
  closing: { retry: 'later', status: 503, means: 'This instance is shutting down; connect again.' },
  internal: { retry: 'later', status: 500, means: 'A fault of the hub; its log has the details.' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** Of what somebody else has sent: another version may have codes that this one does not know. */
export const isErrorCode = (value: unknown): value is ErrorCode => typeof value === 'string' && Object.hasOwn(ERRORS, value);

/** The `error` of a refused acknowledgement and of a refused HTTP request. */
export interface WireError {
  code: ErrorCode;
  message: string;
  retry: Retry;
  /** Milliseconds to wait before the next try. */
  retryAfterMs?: number;
}

/** The one error type that crosses parts; everything else that is thrown is reported as `internal`. */
export class HubError extends Error {
  override readonly name = 'HubError';

  constructor(
    readonly code: ErrorCode,
    message: string = ERRORS[code].means,
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** The wire's form of whatever was thrown; the text of an unknown error stays inside. */
export function toWireError(thrown: unknown): WireError {
  const error = thrown instanceof HubError ? thrown : new HubError('internal');
  const wire: WireError = { code: error.code, message: error.message, retry: ERRORS[error.code].retry };
  if (error.retryAfterMs !== undefined) wire.retryAfterMs = error.retryAfterMs;
  return wire;
}
