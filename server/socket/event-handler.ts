import type { z } from 'zod';
import type { Principal } from '../auth/principal.js';
import type { Reply } from './answer.js';
import type { Subscriptions } from './subscriptions.js';
import type { HubSocket } from './types.js';

/** What handlers may do with the connection that an event came on. */
export interface EventConnection {
  readonly socket: HubSocket;
  readonly subscriptions: Subscriptions;
  /** Takes another token's principal for the same user. */
  refresh(principal: Principal): Promise<void>;
}

export interface EventContext<Data> {
  /** The payload, as the schema gives it. */
  readonly data: Data;
  readonly principal: Principal;
  readonly socket: HubSocket;
  readonly connection: EventConnection;
  /** Told by a handler that gives `REPLIES`. */
  readonly reply: Pick<Reply, 'accept' | 'fail'>;
}

/** What a handler gives that tells `reply` by itself, once, when it knows the answer. */
export const REPLIES = Symbol('replies');

/** How one event is checked and answered. */
export interface EventHandler<Data = never> {
  readonly schema: z.ZodType<Data>;
  readonly ack: 'required' | 'optional';
  readonly costs: 'event' | 'publish';
  /** What the acknowledgement can hold; with `json` there is never binary in it. */
  readonly answers: 'any' | 'json';
  /** Gives the acknowledgement's fields, or a function that gives them in the turn of the acknowledgement, or `REPLIES`. */
  run(context: EventContext<Data>): unknown;
}

export type EventHandlers = Map<string, EventHandler>;

/** Declares a handler; the schema gives its payload's type. */
export function handler<Data>(
  schema: z.ZodType<Data>,
  run: (context: EventContext<Data>) => unknown,
  options: Partial<Pick<EventHandler, 'ack' | 'costs' | 'answers'>> = {},
): EventHandler {
  // The map holds handlers of many payload types; each is only ever given what its own schema let through.
  return { schema, run, ack: 'required', costs: 'event', answers: 'any', ...options } as unknown as EventHandler;
}
