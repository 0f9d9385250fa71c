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

/** The answer to one event: an acknowledgement, or what `refuse` says. */
export class Reply {
  constructor(
    private readonly socket: HubSocket,
    private readonly event: string,
    private readonly ack: AckFunction | undefined,
    private readonly onFault: OnFault,
  ) {}

  /** With the fields of the acknowledgement, or with a function that is called for them now, so that what it starts comes behind the answer. */
  accept(given: unknown): void {
    try {
      const fields: unknown = typeof given === 'function' ? given() : given;
      this.ack?.({ ok: true, ...(fields as object | undefined) });
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  fail(thrown: unknown): void {
    refuse(this.socket, this.event, this.ack, thrown, this.onFault);
  }

  /** With what a handler has given, which may be a promise. What is none is acknowledged behind what came before it all the same. */
  take(given: unknown): void {
    void Promise.resolve(given).then(
      (result) => this.accept(result),
      (thrown) => this.fail(thrown),
    );
  }
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
