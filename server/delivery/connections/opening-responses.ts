import type { Duplex } from 'node:stream';
import type { EngineServer } from './internals.js';
import type { OpeningRequest } from './kept-request.js';

type Listener = (...args: unknown[]) => void;

/**
 * For middlewares, engine.io gives each upgrade a response, which listens for the end of the TCP socket for as long as that is open and
 * keeps the request with it. Where nobody but the hub has a middleware, nobody listens to the response.
 */
export class OpeningResponses {
  readonly #listeners = new WeakMap<OpeningRequest, Listener[]>();

  constructor(private readonly engine: EngineServer) {
    const handleUpgrade = engine.handleUpgrade;
    engine.handleUpgrade = (request, socket, head) => {
      const before = new Set(socket.rawListeners('close'));
      handleUpgrade.call(engine, request, socket, head);
      const added = (socket.rawListeners('close') as Listener[]).filter((listener) => !before.has(listener));
      this.#listeners.set(request, added);
    };
  }

  /** The request has become a connection. */
  forget(request: OpeningRequest): void {
    const socket: Duplex | undefined = request.socket;
    if (this.engine.middlewares.length > 1) return;
    for (const listener of this.#listeners.get(request) ?? []) socket?.removeListener('close', listener);
    // A young collection takes what a weak map holds for held: the request would grow old with it.
    this.#listeners.delete(request);
  }
}
