import { CommonListeners } from '../delivery/connections/common-listeners.js';
import type { Connection } from './connection.js';
import type { EventHandler, EventHandlers } from './event-handler.js';
import type { HubSocket } from './types.js';

type Listener = (this: HubSocket, ...args: unknown[]) => void;
/** Handlers of the hub's own events and of `hub.handle` are told apart by name only; their types are checked where they are declared. */
interface Listening {
  on(event: string, listener: Listener): unknown;
}

/** One listener per event for all sockets: a closure per event and socket would weigh more than the rest of a quiet socket. */
export class SharedListeners {
  readonly #all = new CommonListeners();
  /** Those of the hub's events, with their handlers: all but the one of `disconnect`. */
  readonly #own = new Map<string, { readonly listener: Listener; readonly handler: EventHandler }>();

  /** `onDisconnect` listens too, on each that is given all. */
  constructor(
    private readonly connections: ReadonlyMap<string, Connection>,
    onDisconnect: (this: HubSocket, reason: string) => void,
  ) {
    this.#all.set('disconnect', onDisconnect);
  }

  /** For a socket that has none of them. */
  addAll(socket: HubSocket, handlers: EventHandlers): void {
    if (this.#own.size < handlers.size) for (const [event, handler] of handlers) this.#listenerOf(event, handler);
    if (this.#all.give(socket)) return;
    for (const [event, listener] of this.#all.entries()) (socket as unknown as Listening).on(event, listener as Listener);
  }

  add(socket: HubSocket, event: string, handler: EventHandler): void {
    (socket as unknown as Listening).on(event, this.#listenerOf(event, handler));
  }

  own(event: string): { readonly listener: unknown; readonly handler: EventHandler } | undefined {
    return this.#own.get(event);
  }

  #listenerOf(event: string, handler: EventHandler): Listener {
    return (this.#all.get(event) as Listener | undefined) ?? this.#create(event, handler);
  }

  #create(event: string, handler: EventHandler): Listener {
    const { connections } = this;
    const listener: Listener = function (...args) {
      connections.get(this.id)?.take(event, handler, args);
    };
    this.#own.set(event, { listener, handler });
    this.#all.set(event, listener);
    return listener;
  }
}
