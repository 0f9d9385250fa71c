import type { Connection } from './connection.js';
import type { EventHandler } from './event-handler.js';
import type { HubSocket } from './types.js';

type Listener = (this: HubSocket, ...args: unknown[]) => void;
/** Handlers of the hub's own events and of `hub.handle` are told apart by name only; their types are checked where they are declared. */
interface Listening {
  on(event: string, listener: Listener): unknown;
}

/** One listener per event for all sockets: a closure per event and socket would weigh more than the rest of a quiet socket. */
export class SharedListeners {
  readonly #own = new Map<string, { listener: Listener; handler: EventHandler }>();

  constructor(private readonly connections: ReadonlyMap<string, Connection>) {}

  add(socket: HubSocket, event: string, handler: EventHandler): void {
    const own = this.#own.get(event) ?? this.#create(event, handler);
    (socket as unknown as Listening).on(event, own.listener);
  }

  own(event: string): { readonly listener: unknown; readonly handler: EventHandler } | undefined {
    return this.#own.get(event);
  }

  #create(event: string, handler: EventHandler): { listener: Listener; handler: EventHandler } {
    const { connections } = this;
    const listener: Listener = function (...args) {
      connections.get(this.id)?.take(event, handler, args);
    };
    const own = { listener, handler };
    this.#own.set(event, own);
    return own;
  }
}
