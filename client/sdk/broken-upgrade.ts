import type { HubSocket } from './api.js';

/** Of engine.io-client's socket: what an upgrade that breaks leaves behind. */
interface Engine {
  upgrading: boolean;
  readonly readyState: string;
  readonly transport: { readyState: string };
}

/**
 * Calls `run` when a connection can carry nothing more because its upgrade broke: engine.io-client pauses polling for the new transport, and
 * does not resume it when that one fails, so that only the heartbeat would end the connection. It can be closed like any other then.
 */
export function onBrokenUpgrade(socket: HubSocket, run: () => void): void {
  // Each connection has an engine of its own.
  socket.io.on('open', () => {
    const { engine } = socket.io;
    engine.once('upgrading', () => {
      engine.once('upgradeError', () => {
        // What is closed already has been told.
        if (engine.readyState === 'closed') return;
        unpause(engine as unknown as Engine);
        run();
      });
    });
  });
}

/** An engine waits with closing until its upgrade is over, and a paused transport does not say goodbye. */
function unpause(engine: Engine): void {
  engine.upgrading = false;
  engine.transport.readyState = 'open';
}
