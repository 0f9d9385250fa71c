import { type ErrorCode, HubError, type Retry, type WireError } from '../../shared/errors.js';
import type { Ack } from '../../shared/protocol.js';
import type { AcknowledgedEvent, AnswerOf, HubSocket, RequestOf } from './api.js';

/** Why a request was not answered with what it asked for, and whether to repeat it. */
export interface Refusal {
  readonly error: HubError;
  readonly retry: Retry;
  /** Milliseconds to wait before the next try. */
  readonly retryAfterMs?: number;
}

export type Outcome<Answer> = { ok: true; answer: Answer } | { ok: false; refusal: Refusal };

/** Sends one acknowledged event over the connection of this moment; it never rejects and is never repeated. */
export type Ask = <Event extends AcknowledgedEvent>(event: Event, payload: RequestOf<Event>) => Promise<Outcome<AnswerOf<Event>>>;

/** The error of a wire error. Codes of a newer hub pass through as they are. */
function fromWire({ code, message, retryAfterMs }: WireError): HubError {
  return new HubError(code, message, retryAfterMs);
}

export function refusalOf(wire: WireError): Refusal {
  const refusal: Refusal = { error: fromWire(wire), retry: wire.retry };
  return wire.retryAfterMs === undefined ? refusal : { ...refusal, retryAfterMs: wire.retryAfterMs };
}

export function localRefusal(code: ErrorCode, message: string, retry: Retry = 'later'): Refusal {
  return { error: new HubError(code, message), retry };
}

export interface Wire {
  readonly socket: HubSocket;
  /** Milliseconds after which an answer counts as lost. */
  readonly answerTimeoutMs: number;
  /** Another token can be had: without one, `after-auth` means never. */
  readonly renewable: boolean;
}

export function createAsk(wire: Wire): Ask {
  return async (event, payload) => (await askUntyped(wire, event, payload)) as never;
}

/** The same for events that the protocol's types do not know. */
export function askUntyped(
  { socket, answerTimeoutMs, renewable }: Wire,
  event: string,
  payload: unknown,
): Promise<Outcome<Record<string, unknown>>> {
  if (!socket.connected) return Promise.resolve(refuse('unavailable', 'there is no connection'));
  return new Promise((resolve) => {
    const answered = (lost: Error | null, ack: unknown) => {
      if (!lost) resolve(readAck(ack, renewable));
      else if (socket.connected) resolve(refuse('timeout', `no answer within ${answerTimeoutMs} ms`));
      else resolve(refuse('unavailable', 'the connection was lost before the answer came'));
    };
    try {
      const untyped = socket.timeout(answerTimeoutMs) as unknown as { emit(event: string, payload: unknown, answered: unknown): void };
      untyped.emit(event, payload, answered);
    } catch (error) {
      resolve(refuse('invalid', `the payload cannot be encoded: ${error instanceof Error ? error.message : String(error)}`, 'never'));
    }
  });
}

function refuse(code: ErrorCode, message: string, retry?: Retry): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: localRefusal(code, message, retry) };
}

function readAck(ack: unknown, renewable: boolean): Outcome<Record<string, unknown>> {
  const { ok, error, ...answer } = (ack ?? {}) as Ack<Record<string, unknown>> & { error?: WireError };
  if (ok === true) return { ok: true, answer };
  if (error) return { ok: false, refusal: refusalOf(error.retry === 'after-auth' && !renewable ? { ...error, retry: 'never' } : error) };
  return refuse('internal', 'the answer is no acknowledgement of this protocol', 'never');
}
