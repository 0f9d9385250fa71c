import { ERRORS, HubError, toWireError } from '../../shared/errors.js';
import type { HubSocket } from './types.js';

/** A thrown value, for the log; `event` is what the client sent. */
export type OnFault = (event: string, error: unknown) => void;

export type AckFunction = (answer: unknown) => void;

/** Characters of an event's name that are repeated to whoever sent it. */
const EVENT_CHARS = 64;

/** Takes the acknowledgement callback off the end of an event's arguments. */
export function splitAck(args: readonly unknown[]): { payload: readonly unknown[]; ack: AckFunction | undefined } {
  const last = args.at(-1);
  return typeof last === 'function' ? { payload: args.slice(0, -1), ack: last as AckFunction } : { payload: args, ack: undefined };
}

/** Tells a client what was refused: through its callback, or by a notice where it gave none. Ends the connection where the code says so. */
export function refuse(socket: HubSocket, event: string, ack: AckFunction | undefined, thrown: unknown, onFault: OnFault): void {
  const error = toWireError(thrown);
  onFault(event, thrown);
  if (ack) ack({ ok: false, error });
  else socket.emit('notice', { kind: 'error', event: String(event).slice(0, EVENT_CHARS), error });
  if ('close' in ERRORS[error.code]) {
    socket.emit('notice', { kind: 'closing', error });
    socket.disconnect(true);
  }
}

/**
 * Acknowledges with what a handler has given; what that rejects with becomes the refusal. A handler that gives a function has it called in
 * the turn of the acknowledgement, so that what it starts comes behind the answer.
 */
export function answer(socket: HubSocket, event: string, ack: AckFunction | undefined, given: unknown, onFault: OnFault): void {
  const fail = (thrown: unknown) => refuse(socket, event, ack, thrown, onFault);
  const accept = (result: unknown) => {
    try {
      const fields: unknown = typeof result === 'function' ? result() : result;
      ack?.({ ok: true, ...(fields as object | undefined) });
    } catch (thrown) {
      fail(thrown);
    }
  };
  // One promise for the whole event; what is not one is acknowledged behind what came before it all the same.
  void Promise.resolve(given).then(accept, fail);
}

/** @throws HubError `invalid` naming the first field that does not fit */
export function parsePayload<T>(
  schema: {
    safeParse(
      value: unknown,
    ): { success: true; data: T } | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } };
  },
  payload: readonly unknown[],
): T {
  if (payload.length > 1) throw new HubError('invalid', 'an event carries one payload');
  const parsed = schema.safeParse(payload[0]);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const at = issue?.path.length ? `${issue.path.join('.')}: ` : '';
  throw new HubError('invalid', `${at}${issue?.message ?? 'the payload does not fit'}`);
}
