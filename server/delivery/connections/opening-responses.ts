import type { Duplex } from 'node:stream';
import type { EngineServer } from './internals.js';

type Listener = (...args: unknown[]) => void;

/**
 * For middlewares, engine.io gives each upgrade a response, which listens for the end of the TCP socket for as long as that is open and keeps the request
 * with it. Where there is no middleware, nobody listens to the response. To be called before others stand in front of engine.io.
 */
export function forgetOpeningResponses(engine: EngineServer): void {
  const { handleUpgrade } = engine;
  engine.handleUpgrade = (request, socket, head) => {
    const isHeard = engine.middlewares.length > 0;
    const before = socket.rawListeners('close');
    handleUpgrade.call(engine, request, socket, head);
    if (!isHeard) removeFirstNew(socket, before);
  };
}

function removeFirstNew(socket: Duplex, before: readonly unknown[]): void {
  const added = socket.rawListeners('close').find((listener) => !before.includes(listener));
  if (added) socket.removeListener('close', added as Listener);
}
